// Goal: the catalogue is complete: every row gives the effect, the remedy and the evidence, no row
// contradicts another, and docs/fork-safety.md has the same content.
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { catalogue } from '../../../lib/fork-safety/catalogue/catalogue.js';
import type { Condition, Row } from '../../../lib/fork-safety/catalogue/row.js';
import { readRange } from '../../../lib/base/version-range.js';

const title = (row: Row): string => row.packages.join(', ');

/** Every package of which it is known what a fork does to it. */
const researched = `
  @aikidosec/firewall @appsignal/nodejs @azure/monitor-opentelemetry @confluentinc/kafka-javascript
  @contrast/agent @databricks/sql @datadog/native-metrics @datadog/pprof @duckdb/node-api
  @duckdb/node-bindings @dynatrace/oneagent @google-cloud/profiler @google-cloud/pubsub @grpc/grpc-js
  @huggingface/transformers @instana/collector @lancedb/lancedb @libsql/client @napi-rs/canvas
  @napi-rs/keyring @neondatabase/serverless @newrelic/native-metrics @node-rs/argon2 @node-rs/bcrypt
  @opentelemetry/sdk-node @paralleldrive/cuid2 @parcel/watcher @prisma/client @pyroscope/nodejs
  @redis/client @rspack/core @sapphire/snowflake @sentry/node @sentry/node-core
  @sentry/profiling-node @sentry/server-runtime-injection @smithy/node-http-handler @smithy/uuid @socket.io/redis-adapter
  @swc-node/register @swc/core @tailwindcss/oxide @temporalio/core-bridge @temporalio/worker
  @tensorflow/tfjs-node @tensorflow/tfjs-node-gpu @valkey/valkey-glide @xenova/transformers agenda
  amqplib appdynamics applicationinsights argon2 aws-crt aws-sdk base64id bcrypt better-sqlite3 bree
  bson bson-objectid bull bullmq canvas cassandra-driver chokidar classic-level couchbase cron croner
  dd-trace deasync drizzle duckdb elastic-apm-node esbuild event-loop-stats exit-hook
  express-request-id fastify firebase-admin flake-idgen gc-stats grpc heapdump hexoid hot-shots
  hyperid ibm_db id128 import-in-the-middle ioredis iovalkey isolated-vm jest-worker kafkajs keytar
  knex koffi leveldown level libsql lightningcss lmdb lockfile lru-cache mediasoup memcached memjs
  memoize mongodb mongodb-client-encryption mongoose mqtt msgpackr mysql mysql2 nanoid nats
  neo4j-driver newrelic node-cache node-cron node-gtk node-llama-cpp node-pty node-rdkafka
  node-schedule node-statsd nodejs-polars nodejs-snowflake odbc onnxruntime-node oracledb
  oxc-parser oxc-resolver pg pg-native pg-pool pino pino-pretty piscina playwright pm2 poolifier
  postgres pprof prisma prom-client prometheus-gc-stats proper-lockfile puppeteer re2 redis rocksdb
  rolldown sequelize sharp short-uuid shortid signal-exit skia-canvas snappy snowflake-id
  snowflake-sdk socket.io socket.io-client socket.io-redis sqlite3 ssh2 sync-fetch sync-rpc synckit
  thread-stream threads tiktoken tinypool tmp tsx turbopack typeid-js typeorm uid ulid undici uniqid
  unix-dgram uuid uuid-random uuidv7 v8-profiler-next vectordb winston workerpool ws zeromq
`;

describe('the catalogue', () => {
  for (const row of catalogue)
    it(`is complete about ${title(row)}`, () => {
      expect(row.packages).to.not.be.empty;
      expect(() => readRange(row.versions)).to.not.throw();
      expect(row.evidence).to.match(
        /^(https:\/\/\S+$|in experiments|inferred|documented|by |\w+\(2\))/,
      );
      // Readers of a report must not take them for faults of their app.
      if (row.severity === 'repaired')
        expect(row.evidence).to.match(/^(https:|in experiments without |by )/);
      if (row.severity !== 'ok') {
        expect(row.breaks).to.not.equal('');
        expect(row.remedy).to.not.equal('');
      }
      for (const text of [row.breaks, row.remedy])
        expect(text).to.not.match(/[.\n]$|^[A-Z][a-z]+ing/);
    });

  it('knows every package that was researched', () => {
    const known = new Set(catalogue.flatMap(({ packages }) => packages));
    const missing = researched.split(/\s+/).filter((name) => name !== '' && !known.has(name));
    expect(missing).to.deep.equal([]);
  });

  it('says one thing about a package in one condition', () => {
    const said = catalogue.flatMap(({ packages, versions, applies }) =>
      packages.flatMap((name) =>
        applies.map((condition) => [name, versions, conditionKey(condition)].join(' ')),
      ),
    );
    expect(said.filter((text, index) => said.indexOf(text) !== index)).to.deep.equal([]);
  });

  it('names the service worker for work that one process does for all', () => {
    for (const name of ['bullmq', 'bull', 'agenda', 'node-cron', 'node-schedule', 'croner'])
      for (const { remedy } of rowsAbout(name)) expect(remedy, name).to.match(serviceHook);
    expect(rowsAbout('child_process').map(({ remedy }) => remedy)[0]).to.match(serviceHook);
  });

  it('advises the owner of module hooks on options of its own', () => {
    const remedies = ['@sentry/node', '@sentry/server-runtime-injection', 'dd-trace'].map(
      (name) => rowsAbout(name).find(({ applies }) => applies.some(isHooks))?.remedy,
    );
    expect(remedies[0]).to.include('registerEsmLoaderHooks: false');
    expect(remedies[1]).to.include('enableRuntimeChannelInjection: false');
    expect(remedies[2]).to.include('--require dd-trace/init');
  });

  it('refuses at load only packages that start threads at load, or cannot be observed', () => {
    const refused = catalogue.filter(
      ({ severity, applies }) =>
        severity === 'refuse' && applies.some(({ when }) => when === 'loaded'),
    );
    expect(refused.map(({ packages }) => packages[0])).to.have.members([
      'rolldown',
      '@rspack/core',
      'node-gtk',
      'aws-crt',
      'grpc',
      '@tensorflow/tfjs-node',
      'pg-native',
      'ibm_db',
      'appdynamics',
      'pm2',
    ]);
  });

  it('equals the tables and lists of docs/fork-safety.md', () => {
    const file = new URL('../../../../docs/fork-safety.md', import.meta.url);
    const [, modules = ''] = readFileSync(file, 'utf8').split('## Modules\n');
    const paragraphs = modules.split('\n\n').map((text) => text.trim());
    const rows = paragraphs
      .filter((text) => text.startsWith('|'))
      .map((table) => table.split('\n').slice(2).map(oneSpaced));
    expect(rows).to.deep.equal(tabulated.map((severity) => rowsOf(severity).map(tableRow)));
    for (const [title, severity] of Object.entries(listed)) {
      const names = rowsOf(severity).flatMap(({ packages, builtIn }) => (builtIn ? [] : packages));
      const list = [...new Set(names)].sort().map((name) => `\`${name}\``);
      const paragraph = paragraphs.find((text) => text.startsWith(title)) ?? '';
      expect(oneSpaced(paragraph)).to.equal(`${title} ${list.join(', ')}.`);
    }
  });
});

/** One table each, in this order. */
const tabulated: readonly Row['severity'][] = ['refuse', 'warn', 'info'];

const listed: Readonly<Record<string, Row['severity']>> = {
  'Handled, nothing to do:': 'repaired',
  'Known to be harmless:': 'ok',
};

const conditions: Readonly<Record<Condition['when'], string>> = {
  loaded: 'loaded',
  addon: 'addon loaded',
  thread: 'threads running',
  'idle thread': 'idle threads running',
  worker: 'Worker running',
  'module hooks': 'module hooks running',
  child: 'child process running',
  file: '',
  option: 'option given',
  listening: 'called by the app',
  inspector: 'listening',
};

const files = {
  database: 'database open for writing',
  mapping: 'file mapped shared and writable',
  lock: 'file locked',
};

const serviceHook = /in the hook beforeServiceWorkerReady|in beforeServiceWorkerReady/;

const isHooks = ({ when }: Condition): boolean => when === 'module hooks';

const rowsAbout = (name: string): Row[] =>
  catalogue.filter(({ packages, severity }) => packages.includes(name) && severity !== 'repaired');

const rowsOf = (wanted: Row['severity']): Row[] =>
  catalogue.filter(({ severity }) => severity === wanted);

const oneSpaced = (text: string): string => text.replaceAll(/\s+/g, ' ');

/** A row of the table, with single spaces. */
function tableRow({ packages, applies, breaks, remedy }: Row): string {
  const when = applies.map((condition) =>
    condition.when === 'file' ? files[condition.how] : conditions[condition.when],
  );
  const cells = [
    packages.map((name) => `\`${name}\``).join(', '),
    [...new Set(when)].join(', ') || 'not detected',
    breaks,
    remedy,
  ];
  return `| ${cells.map((cell) => cell.replaceAll('*', '\\*')).join(' | ')} |`;
}

function conditionKey(condition: Condition): string {
  return Object.values(condition).map(String).join(' ');
}
