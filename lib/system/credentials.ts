// The user that the app runs as. The monitor stays root, to bind sockets and to read the memory of
// every process. A booted process has the other user before Node starts in it
// (privileges/drop-privileges.ts), and so have its forks.
import { messageOf } from '../base/error-text.js';
import { execFileSync } from 'node:child_process';
import { UserError } from '../base/user-error.js';

export interface Credentials {
  readonly uid: number;
  readonly gid: number;
  /** No exec can gain any: PR_SET_NO_NEW_PRIVS(2const). */
  readonly noNewPrivileges: boolean;
}

/** The options `user` and `group`, names or ids, null if not set, and `noNewPrivileges`. */
export interface Account {
  readonly user: string | number | null;
  readonly group: string | number | null;
  readonly noNewPrivileges: boolean;
}

/** Undefined: the monitor's own user. Throws a UserError for unknown accounts, or if not root. */
export function credentialsOf({ user, group, noNewPrivileges }: Account): Credentials | undefined {
  if (user === null) return undefined;
  if (process.getuid?.() !== 0)
    throw new UserError(
      `user: cannot become ${JSON.stringify(user)}: only root can change its user, ` +
        `and this is user ${process.getuid?.()} (start as root, or remove \`user\`)`,
    );
  const found = lookUp('passwd', user);
  const uid = typeof user === 'number' ? user : found?.[2];
  if (uid === undefined) throw new UserError(`user: there is no user ${JSON.stringify(user)}`);
  const gid = group === null ? primaryGroup(user, found) : gidOf(group);
  return { uid: Number(uid), gid, noNewPrivileges };
}

function primaryGroup(user: string | number, found: readonly string[] | undefined): number {
  if (found?.[3] === undefined)
    throw new UserError(`user: user ${user} has no passwd entry: set \`group\` too`);
  return Number(found[3]);
}

function gidOf(group: string | number): number {
  const gid = typeof group === 'number' ? group : lookUp('group', group)?.[2];
  if (gid === undefined) throw new UserError(`group: there is no group ${JSON.stringify(group)}`);
  return Number(gid);
}

/**
 * The fields of an entry, passwd(5) or group(5). Node cannot look up users, and /etc/passwd is not
 * the only source: getent(1) asks all that nsswitch.conf(5) lists.
 */
function lookUp(database: 'passwd' | 'group', key: string | number): string[] | undefined {
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
