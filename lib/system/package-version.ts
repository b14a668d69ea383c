// The version of this package.
import { readFileSync } from 'node:fs';

// dist/lib/system/package-version.js → package.json beside dist/
const manifest = new URL('../../../package.json', import.meta.url);

/** For example '1.0.0'. */
export const packageVersion = (
  JSON.parse(readFileSync(manifest, 'utf8')) as { readonly version: string }
).version;
