// Takes the token of `--token` off the command line that every user can read in ps, before anything
// else is loaded. It was there while Node started: a file or the environment never shows it.
import { printableLine } from '../../base/printable.js';

const at = process.argv.findIndex((word) => /^--token(=|$)/.test(word));
// A title overwrites the whole command line (libuv's uv_set_process_title).
if (at !== -1)
  process.title = printableLine(['pitchfork-ts', ...process.argv.slice(2, at)].join(' '));
