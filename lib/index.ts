// What a configuration or an app may import. It stays light, since every app that asks for its
// worker loads it.
export { defineConfig } from './api/config.js';
export type { Config, Duration, ListenAddress, ListenOptions } from './api/config.js';
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
  RequestInfo as RunningRequest,
  ServiceInfo,
  Warmup,
  WarmupRequest,
  WarmupResponse,
  WorkerInfo,
} from './api/hooks.js';
export { factory, uws } from './api/app-brands.js';
export type { FactoryExport, UwsExport } from './api/app-brands.js';
export type { FetchHandler, RequestListener, UwsContext } from './api/app-kind.js';
export { worker } from './api/worker-handle.js';
export type { WorkerHandle } from './api/worker-handle.js';
