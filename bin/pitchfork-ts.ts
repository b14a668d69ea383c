#!/usr/bin/env node
// The version check and then the signal handlers come first; everything else is loaded after them.
import './node-version.js';
import '../lib/system/early-signals.js';
import '../lib/cli/client/hide-token.js';
import { printable } from '../lib/base/printable.js';
import { UserError } from '../lib/base/user-error.js';
import { explainFewDescriptors } from '../lib/system/proc/few-descriptors.js';

const { main } = await import('../lib/cli/main.js').catch((error: unknown) => {
  const explained = explainFewDescriptors(error);
  if (!(explained instanceof UserError)) throw error;
  process.stderr.write(printable(`pitchfork-ts: ${explained.message}\n`));
  process.exit(1);
});
process.exit(await main(process.argv.slice(2)));
