// An app whose memory is a cache of many small objects, as is typical of applications. It fills
// CACHE_MIB of it while it is loaded, and more on request.
import type { IncomingMessage, ServerResponse } from 'node:http';

/** The number of items of this shape in a mebibyte of heap, as measured. */
const itemsPerMib = 2_700;

interface Item {
  id: number;
  name: string;
  price: { amount: number; currency: string };
  tags: string[];
}

const cache = new Map<number, Item>();

function fill(mib: number): void {
  const target = cache.size + mib * itemsPerMib;
  for (let id = cache.size; id < target; id++) {
    const tags = Array.from({ length: 4 }, (_, tag) => `tag ${(id * 7 + tag) % 99_991} of ${tag}`);
    const text = JSON.stringify({ id, name: `item number ${id}`, price: { amount: id }, tags });
    cache.set(id, JSON.parse(text) as Item);
  }
}

fill(Number(process.env['CACHE_MIB'] ?? 0));

/** `/fill/10` adds 10 MiB, `/collect` collects garbage if that is exposed, all else reads an item. */
export default function app({ url = '/' }: IncomingMessage, response: ServerResponse): void {
  const [, command, argument] = url.split('/');
  if (command === 'fill') fill(Number(argument));
  if (command === 'collect') globalThis.gc?.();
  const item = cache.get(Math.floor(Math.random() * cache.size));
  const heapMib = Math.round(process.memoryUsage().heapUsed / 2 ** 20);
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ pid: process.pid, heapMib, item }));
}
