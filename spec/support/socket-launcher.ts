// Starts a command as systemd does with socket activation: sockets open as descriptors 3 and up, and
// named in LISTEN_FDS.

const script = `
import fcntl, os, socket, sys
addresses, label, pid, command = sys.argv[1].split(','), sys.argv[2], sys.argv[3], sys.argv[4:]
def opened(address):
    if address[0] == '/':
        made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        made.bind(address)
    else:
        kind, host, port = address.rsplit(':', 1)[0], address.rsplit(':', 1)[0].strip('[]'), int(address.rsplit(':', 1)[1])
        made = socket.socket(socket.AF_INET6 if kind[0] == '[' else socket.AF_INET,
                             socket.SOCK_DGRAM if label == 'datagram' else socket.SOCK_STREAM)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((host, port))
    if made.type == socket.SOCK_STREAM: made.listen(128)
    return fcntl.fcntl(made.detach(), fcntl.F_DUPFD, 100)
for index, fd in enumerate([opened(address) for address in addresses]): os.dup2(fd, 3 + index)
os.environ.update(LISTEN_FDS=str(len(addresses)), LISTEN_PID=pid or str(os.getpid()),
                  LISTEN_FDNAMES=':'.join([label] * len(addresses)))
os.closerange(100, 200)
os.execvp(command[0], command)
`;

/** For `launcher` of a Server. `label` 'datagram' makes sockets that a server cannot use. */
export const withSockets = (
  addresses: readonly string[],
  { label = 'web', pid = '' } = {},
): string[] => ['python3', '-c', script, addresses.join(','), label, pid];
