// The plan's rule for the service worker: one of the current mold, if the configuration has the
// hook for it. Only one runs at a time, so the old one has exited before a new one is ordered,
// whatever the cause. Nothing else waits for it.
import type { Settings } from '../../config/settings.js';
import type { Action } from './carry-out.js';
import { fill } from './fill.js';
import type { Fleet } from '../fleet/fleet.js';
import { all, canFill, isOutdated } from '../fleet/queries.js';

export function keepService(fleet: Fleet, settings: Settings, now: number): Action[] {
  const wanted = settings.hooks.beforeServiceWorkerReady.length > 0;
  const service = all(fleet).find(({ role }) => role === 'service');
  if (service) {
    const mayGo = !wanted || (canFill(fleet) && isOutdated(fleet, service));
    return mayGo && service.state === 'serving' ? [{ type: 'drain', child: service.id }] : [];
  }
  if (!wanted || !canFill(fleet) || now < fleet.serviceStarts.notBefore) return [];
  return [fill(fleet, null)];
}
