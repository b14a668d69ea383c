// The public interface, for configurations and apps. It stays light, since every app that uses its
// worker loads it.
export { defineConfig } from './api/config.js';
export type {
  Bytes,
  Config,
  Duration,
  EngineName,
  IncompatibleModules,
  IncompatiblePolicy,
  ListenAddress,
  ListenOptions,
} from './api/config.js';
export type {
  ChildExit,
  ChildInfo,
  CompletedRequest,
  ForkInfo,
  ForkResult,
  HardTimeout,
  Hook,
  HookArguments,
  HookName,
  Hooks,
  MoldInfo,
  OverdueRequest,
  RequestInfo,
  Restart,
  Role,
  ServiceInfo,
  Warmup,
  WarmupRequest,
  WarmupResponse,
  WorkerInfo,
} from './api/hooks.js';
export { factory, uws } from './api/app-brands.js';
export type { FactoryExport, UwsExport } from './api/app-brands.js';
export type { FetchHandler, RequestListener, UwsApp, UwsContext } from './api/app-types.js';
export { worker } from './api/worker-handle.js';
export type { WorkerHandle } from './api/worker-handle.js';
