// The environment variables that a service manager such as systemd sets for a single process:
// sd_notify(3), sd_watchdog_enabled(3), sd_listen_fds(3).

const names = [
  'NOTIFY_SOCKET',
  'WATCHDOG_USEC',
  'WATCHDOG_PID',
  'LISTEN_FDS',
  'LISTEN_PID',
  'LISTEN_FDNAMES',
  'LISTEN_PIDFDID',
] as const;

export type ServiceVariables = Readonly<Partial<Record<(typeof names)[number], string>>>;

/** Removes them from an environment: a process that inherits them would believe them its own. */
export function takeVariables(environment: NodeJS.ProcessEnv): ServiceVariables {
  const taken = names.flatMap((name) => {
    const value = environment[name];
    delete environment[name];
    return value ? [[name, value] as const] : [];
  });
  return Object.fromEntries(taken);
}
