// Gives a program the stdout and stderr of a shell's pipeline, of systemd or of another Node: an
// anonymous pipe, or a socket. Its output is copied to their former target.
import { chmodSync, writeFileSync } from 'node:fs';

/**
 * Writes a wrapper to `file`, to be run in place of Node with Node's arguments. The copying `cat`
 * has no parent in the server, ends with the last writer, and is not marked as a process of the
 * server.
 */
export function wrapNode(file: string, kind: 'pipe' | 'socket'): string {
  const script = `#!/usr/bin/env python3
import os, socket, sys
if '${kind}' == 'pipe':
    reader, writer = os.pipe()
else:
    reader, writer = (end.detach() for end in socket.socketpair())
middle = os.fork()
if middle == 0:
    if os.fork() == 0:
        os.dup2(reader, 0)
        os.closerange(3, 100)
        del os.environ['PITCHFORK_SPEC']
        os.execvp('cat', ['cat'])
    os._exit(0)
os.waitpid(middle, 0)
for stdio in (1, 2):
    os.dup2(writer, stdio)
os.closerange(3, 100)
os.execv(${JSON.stringify(process.execPath)}, ['node'] + sys.argv[1:])
`;
  writeFileSync(file, script);
  chmodSync(file, 0o755);
  return file;
}
