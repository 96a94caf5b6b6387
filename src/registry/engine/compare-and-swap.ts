// The loop under every write: decide on the current object, swap, and decide again when it lost.
import { conflict } from '../../status.ts';
import type { Entry } from '../../storage/driver.ts';
import type { CachedObject } from '../cache/types.ts';
import type { ApiObject } from '../resource.ts';
import { Afterwards } from './afterwards.ts';
import type { StoreParts } from './ports.ts';
import type { RequestContext } from './types.ts';

/** How often one write may lose to others before it gives up. */
export const swapAttemptsMax = 1_000;

/** The object as one attempt sees it. */
export interface Current {
  readonly stored: CachedObject;
  /** Parsed and frozen, in the stored version. */
  readonly object: ApiObject;
}

/** What an attempt wants done. `keep` leaves everything as it is. */
export type Decision = (
  | { readonly action: 'keep' }
  | { readonly action: 'write'; readonly body: Uint8Array; readonly ttlMs: number | undefined }
  | { readonly action: 'delete'; readonly last: Uint8Array | undefined }
) & {
  /** Settled here, whether the decision is carried out, dropped or loses. */
  readonly afterwards?: Afterwards;
};

const outcomes = { keep: 'nothing', write: 'written', delete: 'deleted' } as const;

type Carried = { outcome: SwapOutcome } | { lostTo: Entry | undefined };

export interface SwapOutcome {
  readonly action: 'keep' | 'write' | 'delete';
  /** After the write; for a delete the last state with the delete's revision. */
  readonly stored: CachedObject | undefined;
  readonly previous: Current | undefined;
}

function currentOf(parts: StoreParts, entry: Entry | undefined): Current | undefined {
  if (entry === undefined) return undefined;
  const known = parts.cache.get(entry.key);
  const stored =
    known?.revision === entry.revision
      ? known
      : parts.cache.cached(entry.key, entry.revision, entry.value);
  return { stored, object: parts.parsed.parse(stored) };
}

/** Reads past the cache. */
export async function readCurrent(parts: StoreParts, key: string): Promise<Current | undefined> {
  return currentOf(parts, (await parts.driver.get(key)).entry);
}

/**
 * Runs `decide` on the cached object and swaps; a lost swap runs it again on what won. An error or
 * `keep` that was decided on a cached object counts only once the store has confirmed it.
 */
export async function swapLoop(
  parts: StoreParts,
  context: RequestContext,
  key: string,
  decide: (current: Current | undefined) => Promise<Decision>,
): Promise<SwapOutcome> {
  const cached = parts.cache.get(key);
  let fresh = cached === undefined;
  let current =
    cached === undefined
      ? await readCurrent(parts, key)
      : { stored: cached, object: parts.parsed.parse(cached) };
  for (let attempt = 0; attempt < swapAttemptsMax; attempt++) {
    context.signal.throwIfAborted();
    let decision: Decision | undefined;
    let refused: unknown;
    try {
      decision = await decide(current);
    } catch (error) {
      refused = error;
    }
    if (!fresh && (decision === undefined || decision.action === 'keep' || context.dryRun)) {
      const newest = await readCurrent(parts, key);
      fresh = true;
      if (newest?.stored.revision !== current?.stored.revision) {
        await decision?.afterwards?.settle('nothing');
        current = newest;
        continue;
      }
    }
    if (decision === undefined) throw refused;
    const done = await settled(context, decision, () =>
      carryOut(parts, context, key, current, decision),
    );
    if ('outcome' in done) return done.outcome;
    current = currentOf(parts, done.lostTo);
    fresh = true;
  }
  const { resource } = parts;
  throw conflict({ group: context.served.group, resource: resource.plural }, context.name);
}

/** What was prepared for an attempt that is refused is undone before anybody hears of it. */
export async function attempt(
  decide: (afterwards: Afterwards) => Promise<Decision>,
): Promise<Decision> {
  const afterwards = new Afterwards();
  try {
    return { ...(await decide(afterwards)), afterwards };
  } catch (error) {
    await afterwards.settle('nothing');
    throw error;
  }
}

async function settled(
  { dryRun }: RequestContext,
  { action, afterwards }: Decision,
  carry: () => Promise<Carried>,
): Promise<Carried> {
  let done: Carried | undefined;
  try {
    done = await carry();
    return done;
  } finally {
    const counts = done !== undefined && 'outcome' in done && !dryRun;
    await afterwards?.settle(counts ? outcomes[action] : 'nothing');
  }
}

async function carryOut(
  parts: StoreParts,
  context: RequestContext,
  key: string,
  current: Current | undefined,
  decision: Decision,
): Promise<Carried> {
  const { action } = decision;
  if (action === 'keep') {
    return { outcome: { action, stored: current?.stored, previous: current } };
  }
  const expected = current?.stored.revision ?? 0;
  const body = action === 'write' ? decision.body : undefined;
  const last = body ?? (action === 'delete' ? decision.last : undefined) ?? current?.stored.body;
  let revision = expected;
  if (!context.dryRun) {
    const ttlMs = action === 'write' ? decision.ttlMs : undefined;
    const options = ttlMs === undefined ? undefined : { ttlMs };
    const swap = await parts.driver.compareAndSwap(key, expected, body, options);
    if (!swap.ok) return { lostTo: swap.current };
    revision = swap.revision;
  }
  const stored = last === undefined ? undefined : parts.cache.cached(key, revision, last);
  return { outcome: { action, stored, previous: current } };
}
