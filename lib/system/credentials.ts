// Who the app runs as. The monitor stays root: it binds sockets, reads everybody's memory and ends
// everybody. What it boots is another user from its first instruction on, and so are its forks:
// setgroups, setgid and setuid come before exec (libuv), and the supplementary groups are none.
import { messageOf } from '../base/error-text.js';
import { execFileSync } from 'node:child_process';
import { UserError } from '../base/user-error.js';

export interface Credentials {
  readonly uid: number;
  readonly gid: number;
}

/** As the configuration names it. */
export interface Account {
  readonly user: string | number | null;
  readonly group: string | number | null;
}

/** Undefined: as the monitor. Throws a ConfigError. */
export function credentialsOf({ user, group }: Account): Credentials | undefined {
  if (user === null) return undefined;
  if (process.getuid?.() !== 0)
    throw new UserError(
      `user: cannot become ${JSON.stringify(user)}: only root can change its user, ` +
        `and this is user ${process.getuid?.()} (start as root, or remove \`user\`)`,
    );
  const found = look('passwd', user);
  const uid = typeof user === 'number' ? user : found?.[2];
  if (uid === undefined) throw new UserError(`user: there is no user ${JSON.stringify(user)}`);
  return { uid: Number(uid), gid: group === null ? primaryGroup(user, found) : gidOf(group) };
}

function primaryGroup(user: string | number, found: readonly string[] | undefined): number {
  if (found?.[3] === undefined)
    throw new UserError(`user: nothing is known of user ${user}: say its \`group\` too`);
  return Number(found[3]);
}

function gidOf(group: string | number): number {
  const gid = typeof group === 'number' ? group : look('group', group)?.[2];
  if (gid === undefined) throw new UserError(`group: there is no group ${JSON.stringify(group)}`);
  return Number(gid);
}

/**
 * The fields of an entry. Node cannot look up users, and /etc/passwd is not all that a system may
 * know: glibc's own command asks like everybody else.
 */
function look(database: 'passwd' | 'group', key: string | number): string[] | undefined {
  try {
    const entry = execFileSync('getent', [database, '--', String(key)], { encoding: 'utf8' });
    return entry.trimEnd().split(':');
  } catch (error) {
    // 2: no such entry.
    if (error instanceof Error && 'status' in error && error.status === 2) return undefined;
    throw new UserError(
      `${database === 'group' ? 'group' : 'user'}: cannot look up ${JSON.stringify(key)}: ` +
        `${messageOf(error)} (use numbers)`,
    );
  }
}
