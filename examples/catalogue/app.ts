// A shop's catalogue on Express. It starts cold: each product page is rendered, and each search
// run, on its first request only, and then cached. After a refork every worker has the caches of
// the promoted one, in shared memory.
import express from 'express';
import { worker } from 'pitchfork-ts';

interface Product {
  readonly id: number;
  readonly name: string;
  readonly priceCents: number;
  readonly words: readonly string[];
}

const adjectives = ['quiet', 'sturdy', 'bright', 'folding', 'woollen', 'tiny', 'copper', 'waxed'];
const nouns = ['lamp', 'kettle', 'chair', 'blanket', 'clock', 'basket', 'mirror', 'bicycle'];

/** As if from a database. */
const products: readonly Product[] = Array.from({ length: 20_000 }, (_, id) => {
  const words = [
    adjectives[id % adjectives.length] ?? '',
    nouns[Math.floor(id / adjectives.length) % nouns.length] ?? '',
    `no. ${id}`,
  ];
  return { id, name: words.join(' '), priceCents: 500 + ((id * 7919) % 20_000), words };
});

const pages = new Map<number, string>();
const searches = new Map<string, readonly Product[]>();

function render(product: Product): string {
  const similar = products
    .filter(({ id, words }) => id !== product.id && words[1] === product.words[1])
    .slice(0, 20)
    .map(({ id, name }) => `<li><a href="/products/${id}">${name}</a></li>`);
  return `<!doctype html><title>${product.name}</title>
<h1>${product.name}</h1>
<p>${(product.priceCents / 100).toFixed(2)} €</p>
<h2>Similar</h2>
<ul>${similar.join('')}</ul>`;
}

function search(word: string): readonly Product[] {
  return products.filter(({ words }) => words.includes(word)).slice(0, 50);
}

/** Looks up a cached value, or makes and caches it; a refork passes the cache on. */
function remember<Key, Value>(cache: Map<Key, Value>, key: Key, make: () => Value): Value {
  const kept = cache.get(key);
  if (kept !== undefined) return kept;
  const made = make();
  cache.set(key, made);
  return made;
}

const app = express();

app.get('/', (_request, response) => {
  const { slot, generation, pid, requests } = worker;
  response.json({ slot, generation, pid, requests, pages: pages.size, searches: searches.size });
});

app.get('/products/:id', (request, response) => {
  const product = products[Number(request.params.id)];
  if (!product) return void response.status(404).send('No such product');
  response.send(remember(pages, product.id, () => render(product)));
});

app.get('/search', (request, response) => {
  const word = String(request.query['q'] ?? '');
  response.json(remember(searches, word, () => search(word)));
});

export default app;
