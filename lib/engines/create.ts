// Creates the engine for an app, in a worker, after the fork.
import type { EngineName } from '../api/config.js';
import { unreachable } from '../base/unreachable.js';
import type { Engine, EngineOptions } from './engine.js';
import { fetchListener } from './fetch.js';
import { NodeEngine } from './node.js';
import { UwsEngine } from './uws.js';
import { fetchRoute } from './uws-fetch.js';
import { loadUws } from './uws-module.js';

/**
 * Loads the engine's modules in the process that loads the app: all forks share them, and a missing
 * module fails the boot.
 */
export function loadEngine(name: EngineName, appFile: string): void {
  if (name === 'uws') loadUws(appFile);
}

export async function createEngine(name: EngineName, options: EngineOptions): Promise<Engine> {
  const { app } = options;
  switch (name) {
    case 'node':
      if (app.kind === 'uws') throw new Error(wrongEngine('uws(…)', 'node', 'uws'));
      return new NodeEngine({
        ...options,
        listener: app.kind === 'fetch' ? fetchListener(app.fetch) : app.listener,
      });
    case 'uws':
      return createUwsEngine(options);
    default:
      return unreachable(name);
  }
}

async function createUwsEngine(options: EngineOptions): Promise<Engine> {
  const { app, appFile, context } = options;
  if (app.kind === 'listener') throw new Error(wrongEngine('(request, response)', 'uws', 'node'));
  const uws = loadUws(appFile);
  const engine = new UwsEngine(uws, options);
  if (app.kind === 'uws') await app.register(engine.app, { ...context, uws });
  else engine.app.any('/*', fetchRoute(app.fetch));
  return engine;
}

function wrongEngine(app: string, engine: EngineName, right: EngineName): string {
  return `cannot serve a ${app} app with engine '${engine}': set engine to '${right}'`;
}
