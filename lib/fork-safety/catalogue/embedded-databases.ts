// Embedded databases: a file opened by one process and used by two is soon corrupt.
import type { Row } from './row.js';

export const files: readonly Row[] = [
  {
    packages: ['better-sqlite3', 'sqlite3', 'libsql', '@libsql/client'],
    versions: '*',
    applies: [{ when: 'file', how: 'database' }],
    breaks: 'writing through an inherited handle corrupts the database: locks are not inherited',
    remedy:
      'close it in the hook afterMoldFork and open it in afterWorkerFork, or open it read-only',
    severity: 'refuse',
    evidence: 'https://www.sqlite.org/howtocorrupt.html',
  },
  {
    packages: ['lmdb'],
    versions: '*',
    applies: [{ when: 'file', how: 'mapping' }],
    breaks: 'processes share one slot of the reader table: MDB_BAD_RSLOT',
    remedy: 'close it in the hook afterMoldFork and open it in afterWorkerFork',
    severity: 'refuse',
    evidence: 'https://github.com/aws-cloudformation/cloudformation-languageserver/pull/373',
  },
  {
    packages: ['classic-level', 'leveldown', 'level'],
    versions: '*',
    applies: [{ when: 'file', how: 'lock' }, { when: 'thread' }],
    breaks: 'two processes own one lock, and writes hang at the next compaction',
    remedy: 'open the database in a separate process, or in one worker only',
    severity: 'refuse',
    evidence: 'https://github.com/google/leveldb/issues/169',
  },
  {
    packages: ['rocksdb'],
    versions: '*',
    applies: [{ when: 'thread', named: /^rocksdb:/ }],
    breaks: 'calls hang',
    remedy: 'close it in the hook afterMoldFork; only one process can own a database',
    severity: 'refuse',
    evidence: 'https://github.com/facebook/rocksdb/issues/2006',
  },
  {
    packages: ['@duckdb/node-api', '@duckdb/node-bindings', 'duckdb'],
    versions: '*',
    applies: [{ when: 'thread' }, { when: 'file', how: 'lock' }],
    breaks: 'closing an instance hangs, and so does the exit; the lock of its file is shared',
    remedy: 'close it in the hook afterMoldFork and open it in afterWorkerFork',
    severity: 'refuse',
    evidence: 'https://github.com/duckdb/duckdb-python/issues/292',
  },
];
