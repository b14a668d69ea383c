// The message for a command that finds no server.

export function noServer(path: string): string {
  return (
    `no server answers at ${path}: is it running, and with this config? ` +
    '(--control names another socket)'
  );
}
