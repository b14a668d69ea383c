// Carries out the plan's decisions: makes the change of state of each action, and returns its
// effects for the monitor to perform. The one place for transitions: the monitor, `check` and the
// simulated world of the specs all run it.
import type { Role } from '../../api/hooks.js';
import type { Order } from '../../protocol/message.js';
import { unreachable } from '../../base/unreachable.js';
import {
  isStarting,
  markKilled,
  markStackRequested,
  markStopAnnounced,
  type Child,
} from '../fleet/child.js';
import type { Fleet } from '../fleet/fleet.js';
import { downSlots, toRetain } from '../fleet/queries.js';
import { singleMode, type Attempt, type Next, type RolloutKind } from '../fleet/rollouts.js';
import type { Action, Effect } from './actions.js';

export type { Action, Effect } from './actions.js';

/** Effects in the order in which they are to be performed. */
export function carryOut(fleet: Fleet, action: Action, now: number): Effect[] {
  switch (action.type) {
    case 'boot':
      return [boot(fleet, { role: 'mold', slot: null, ...fleet.code.beginBoot() }, now)];
    case 'bootNext':
      return bootNext(fleet, now);
    case 'bootWorker':
      return bootWorker(fleet, action, now);
    case 'spawn':
      return spawn(fleet, action, now);
    case 'choose':
      return withChild(fleet, action.child, (child) => [
        began(fleet, 'refork', action.reason, child, fleet.code.beginGeneration(), now),
      ]);
    case 'promote':
      return withChild(fleet, action.child, (child) => {
        fleet.enter(child, 'promoting', now);
        return [{ type: 'send', child, order: { type: 'promote', generation: action.generation } }];
      });
    case 'prove':
      return prove(fleet, now);
    case 'drain':
      return withChild(fleet, action.child, (child) => [
        exit(fleet, child, { type: 'drain' }, now),
      ]);
    case 'retire':
      return withChild(fleet, action.mold, (mold) => [
        exit(fleet, mold, { type: 'retire', last: action.last }, now),
      ]);
    case 'announceStop':
      return withChild(fleet, action.child, (child) => {
        markStopAnnounced(child);
        return [{ type: 'send', child, order: { type: 'announceStop' } }];
      });
    case 'askForStack':
      return withChild(fleet, action.child, (child) => {
        markStackRequested(child, now);
        return [{ type: 'askForStack', child }];
      });
    case 'kill':
    case 'timeOut':
      return withChild(fleet, action.child, (child) => {
        markKilled(child, action.cause);
        if (child.state === 'serving') fleet.starts.deaths.add(child, action.reason, now);
        fleet.killed(child, action.reason, now);
        return [{ type: action.type, child, reason: action.reason }];
      });
    case 'abandon':
      return abandon(fleet, action.reason, now);
    case 'finish':
      return end(fleet, null, now);
    case 'rollBack':
      return rollBack(fleet, action, now);
    case 'cancelTrial':
      fleet.rollouts.fulfilRollback();
      return [...abandon(fleet, action.reason, now), { type: 'trialCancelled' }];
    case 'release':
      fleet.rollouts.rollback.release(action.reason);
      return [{ type: 'released', reason: action.reason }];
    case 'dropRequest':
      return dropRequest(fleet, action.reason, now);
    case 'requestRefork':
      fleet.rollouts.request('refork', action.reason, now);
      return [];
    case 'backOff':
      fleet.starts.announced();
      return [{ type: 'backingOff', slots: downSlots(fleet), ms: fleet.starts.notBefore - now }];
    case 'booted':
      fleet.markBooted();
      return [{ type: 'booted' }];
    case 'replaceProgram':
      fleet.setHotRestart('performing');
      return [action];
    case 'giveUp':
      fleet.stop('immediate', now);
      return [action];
    case 'exit':
      return [action];
    default:
      return unreachable(action);
  }
}

function withChild(fleet: Fleet, id: number, change: (child: Child) => Effect[]): Effect[] {
  const child = fleet.get(id);
  return child ? change(child) : [];
}

type Made = Pick<Child, 'role' | 'slot' | 'generation' | 'phase'>;

function boot(fleet: Fleet, made: Made, now: number): { type: 'boot'; child: Child } {
  return { type: 'boot', child: fleet.add({ ...made, state: 'booting', parent: null }, now) };
}

const roleIn = (slot: number | null): Role => (slot === null ? 'service' : 'worker');

function bootNext(fleet: Fleet, now: number): Effect[] {
  const next = { phase: fleet.code.nextPhase, generation: 0 };
  if (fleet.single)
    return [began(fleet, 'phased restart', '', null, { ...next, unforkable: singleMode }, now)];
  const booting = boot(fleet, { role: 'mold', slot: null, ...next }, now);
  return [began(fleet, 'phased restart', '', booting.child, next, now), booting];
}

/** The reason comes from a request of that kind, if there is one. */
function began(
  { rollouts }: Fleet,
  kind: RolloutKind,
  reason: string,
  candidate: Child | null,
  next: Next,
  now: number,
): Effect {
  return { type: 'rolloutBegan', attempt: rollouts.begin(kind, reason, candidate, next, now) };
}

function bootWorker(
  fleet: Fleet,
  { slot, canary }: Extract<Action, { type: 'bootWorker' }>,
  now: number,
): Effect[] {
  const { attempt } = fleet.rollouts;
  const { phase, unforkable } = canary && attempt ? attempt : fleet;
  const made = { role: roleIn(slot), slot, generation: unforkable?.generation ?? 0, phase };
  const booting = boot(fleet, made, now);
  if (canary) fleet.rollouts.setCanary(booting.child);
  return [booting];
}

function spawn(
  fleet: Fleet,
  { mold: moldId, slot, canary }: Extract<Action, { type: 'spawn' }>,
  now: number,
): Effect[] {
  return withChild(fleet, moldId, (mold) => {
    const { id: parent, generation, phase } = mold;
    const made = {
      role: roleIn(slot),
      state: 'spawning',
      slot,
      generation,
      phase,
      parent,
    } as const;
    const child = fleet.add(made, now);
    if (canary) fleet.rollouts.setCanary(child);
    return [{ type: 'fork', child, mold }];
  });
}

function prove(fleet: Fleet, now: number): Effect[] {
  const { attempt, rollback } = fleet.rollouts;
  if (!attempt) return [];
  if (attempt.phase !== fleet.phase) rollback.retain(toRetain(fleet, now));
  fleet.prove(now);
  return [{ type: 'canaryProven', attempt }];
}

/** Also interrupts the attempt that is under way: new code that is rolling out fails. */
function rollBack(
  fleet: Fleet,
  { mold: id, reason, automatic }: Extract<Action, { type: 'rollBack' }>,
  now: number,
): Effect[] {
  return withChild(fleet, id, (mold) => {
    const { rollouts, code, starts } = fleet;
    const { reforks = 0 } = rollouts.rollback.retained ?? {};
    const interrupted = interrupt(fleet, reason, now);
    const { phase, generation } = mold;
    const next = { phase, generation, automatic, proven: true };
    const attempt = rollouts.begin('rollback', reason, mold, next, now);
    code.returnTo(attempt, reforks);
    // The deaths were those of the other code.
    starts.forgive();
    rollouts.rollback.release('the old code is back already');
    return [...interrupted, { type: 'rolloutBegan', attempt }];
  });
}

function interrupt(fleet: Fleet, reason: string, now: number): Effect[] {
  const { attempt } = fleet.rollouts;
  if (!attempt) return [];
  if (attempt.failure !== null) return abandon(fleet, attempt.failure, now);
  if (attempt.proven) return end(fleet, `rolled back: ${reason}`, now);
  const takenBack = takeBackAll(fleet, attempt, now);
  fleet.rollouts.postpone(now);
  return takenBack;
}

function exit(fleet: Fleet, child: Child, order: Order, now: number): Effect {
  fleet.enter(child, 'leaving', now);
  return { type: 'send', child, order };
}

/** The old generation continues to serve; everything that the attempt made is taken back. */
function abandon(fleet: Fleet, failure: string, now: number): Effect[] {
  const { attempt } = fleet.rollouts;
  if (!attempt) return [];
  const takenBack = takeBackAll(fleet, attempt, now);
  return [...end(fleet, failure, now), ...takenBack];
}

function takeBackAll(fleet: Fleet, attempt: Attempt, now: number): Effect[] {
  const made = [attempt.canary, attempt.candidate].flatMap((id) => fleet.get(id) ?? []);
  return made.flatMap((child) => takeBack(fleet, child, attempt, now));
}

function end(fleet: Fleet, failure: string | null, now: number): Effect[] {
  const { attempt } = fleet.rollouts;
  if (!attempt) return [];
  const { retry } = fleet.rollouts.end(failure, now);
  return [{ type: 'rolloutEnded', attempt, failure, over: !retry }];
}

function dropRequest(fleet: Fleet, reason: string, now: number): Effect[] {
  const { pending } = fleet.rollouts;
  if (!pending) return [];
  fleet.rollouts.drop(pending, reason, now);
  return [{ type: 'requestDropped', kind: pending.kind, reason }];
}

const rolloutFailed = { reason: 'its rollout failed', cause: 'asked' } as const;

/** A candidate without orders yet continues to serve, and so does a proven mold. */
function takeBack(fleet: Fleet, child: Child, { canary }: Attempt, now: number): Effect[] {
  if (child.state === 'promoting' || (child.id === canary && child.state === 'serving'))
    return [exit(fleet, child, { type: 'drain' }, now)];
  if (child.state === 'frozen' && !child.proven)
    return [exit(fleet, child, { type: 'retire', last: false }, now)];
  return isStarting(child)
    ? carryOut(fleet, { type: 'kill', child: child.id, ...rolloutFailed }, now)
    : [];
}
