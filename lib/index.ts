// What a configuration or an app may import. It stays light, since every app that asks for its
// worker loads it.
export { defineConfig } from './config/config.js';
export type { Config, Duration, ListenAddress, ListenOptions } from './config/config.js';
export type {
  ChildInfo,
  CompletedRequest,
  ForkInfo,
  HardTimeout,
  HookArguments,
  HookName,
  Hooks,
  MoldInfo,
  Role,
  RunningRequest,
  ServiceInfo,
  Warmup,
  WarmupRequest,
  WarmupResponse,
  WorkerInfo,
} from './config/hooks.js';
export { factory, uws } from './life/app-brands.js';
export type { FactoryExport, UwsExport } from './life/app-brands.js';
export type { FetchHandler, RequestListener, UwsContext } from './life/app-kind.js';
export { worker } from './life/worker-handle.js';
export type { WorkerHandle } from './life/worker-handle.js';
