// Goal: docs/faults.md has every row and names only existing specs, which have the row in a title.
// Method: read the tables and the specs as text.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const root = fileURLToPath(new URL('../../', import.meta.url));

interface Row {
  readonly id: string;
  readonly where: string;
  readonly specs: readonly string[];
}

/** The rows of each section, by its title. */
function readTables(): Map<string, Row[]> {
  const tables = new Map<string, Row[]>();
  let rows: Row[] = [];
  for (const line of readFileSync(join(root, 'docs/faults.md'), 'utf8').split('\n')) {
    if (line.startsWith('## ')) tables.set(line.slice(3), (rows = []));
    const [id = '', , where = ''] = line
      .split('|')
      .slice(1)
      .map((cell) => cell.trim());
    if (!/^[A-Z]\d+$/.test(id)) continue;
    const specs = [...where.matchAll(/`([a-z]+(?:\/[a-z0-9-]+)+|tidy)`/g)].map(
      ([, name]) => name ?? '',
    );
    rows.push({ id, where, specs });
  }
  return tables;
}

const ids = (letter: string, last: number, first = 1): string[] =>
  Array.from({ length: last - first + 1 }, (_, index) => `${letter}${first + index}`);

const expected = {
  Figures: [...ids('G', 8), 'G10'],
  'The fault matrix': [
    ...[ids('W', 16), ids('M', 16), ids('O', 13), ids('R', 11), ids('C', 14), ids('F', 8)].flat(),
    ...[ids('D', 16), ids('S', 13), ids('T', 3), ids('P', 3)].flat(),
  ],
  Traps: [ids('T', 71), ids('L', 15), ids('N', 16)].flat(),
};

const fileOf = (spec: string): string => join(root, 'spec', `${spec}.spec.ts`);

const isReason = (where: string): boolean =>
  /^(not covered|by design|by measurement): ./.test(where);

describe('docs/faults.md', () => {
  const tables = readTables();

  for (const [title, wanted] of Object.entries(expected))
    it(`has every row of "${title}", each with a spec or a reason`, () => {
      const rows = tables.get(title) ?? [];
      expect(rows.map(({ id }) => id)).to.deep.equal(wanted);
      const bare = rows.filter(({ specs, where }) => specs.length === 0 && !isReason(where));
      expect(bare).to.deep.equal([]);
    });

  it('names specs that exist', () => {
    const named = [...tables.values()].flat().flatMap(({ specs }) => specs);
    expect(named.filter((spec) => !existsSync(fileOf(spec)))).to.deep.equal([]);
  });

  it('names specs whose titles name the row', () => {
    const rows = [...(tables.get('Figures') ?? []), ...(tables.get('The fault matrix') ?? [])];
    const untitled = rows.filter(
      ({ id, specs, where }) =>
        !isReason(where) &&
        !specs.some((spec) => new RegExp(`\\b${id}\\b`).test(readFileSync(fileOf(spec), 'utf8'))),
    );
    expect(untitled.map(({ id }) => id)).to.deep.equal([]);
  });
});
