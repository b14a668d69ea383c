// Gives a server the controlling terminal of a shell's: a pseudo terminal, whose output is copied
// to the former standard output.
const script = `
import fcntl, os, sys, termios
master, slave = os.openpty()
middle = os.fork()
if middle == 0:
    if os.fork() == 0:
        os.close(slave)
        os.dup2(master, 0)
        del os.environ['PITCHFORK_SPEC']
        os.execvp('cat', ['cat'])
    os._exit(0)
os.waitpid(middle, 0)
os.close(master)
os.setsid()
fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
for stdio in (0, 1, 2):
    os.dup2(slave, stdio)
os.close(slave)
os.execv(sys.argv[1], sys.argv[1:])
`;

/** A launcher for `Server.start`. */
export const inTerminal = ['python3', '-c', script];
