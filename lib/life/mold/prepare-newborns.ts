// Finds, in a mold before it freezes, everything that its newborns have to renew and that only a
// walk of the heap or a list of modules can find.
import { delayMonitorSearch } from '../../fork-safety/frozen-time/delay-monitors.js';
import { prepareLagMeters } from '../../fork-safety/frozen-time/lag-meters.js';
import { loopStartSearch } from '../../fork-safety/frozen-time/utilization.js';
import { loadedModules } from '../../fork-safety/heap/loaded-modules.js';
import { searchHeap } from '../../fork-safety/heap/search.js';
import { prepareIdentity } from '../../fork-safety/renew/identity.js';
import { resolverSearch } from '../../fork-safety/renew/resolvers.js';
import { native } from '../../system/native.js';

export async function prepareNewborns(): Promise<void> {
  const modules = loadedModules();
  await prepareLagMeters(modules);
  const identity = await prepareIdentity(modules);
  native.prepareMathRandom();
  searchHeap([...identity, ...loopStartSearch(), delayMonitorSearch(), resolverSearch()]);
}
