#!/usr/bin/env node
// The version check and then the signal handlers come first; everything else is loaded after them.
import './node-version.js';
import '../lib/system/early-signals.js';
import '../lib/cli/client/hide-token.js';

const { main } = await import('../lib/cli/main.js');
process.exit(await main(process.argv.slice(2)));
