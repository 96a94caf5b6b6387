// One of several servers acts: holds a Lease, renews it, and gives it up when it stops.
import { type Clock, microTimestamp, sleep } from '../clock.ts';
import { describeError, type Logger } from '../logger.ts';
import type { Lease } from '../objects.ts';
import type { Random } from '../random.ts';
import { isReason } from '../status.ts';
import type { Client } from './client.ts';
import { leases } from './resource-ref.ts';

export interface LeaderElectionOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly namespace: string;
  readonly name: string;
  /** Unique among the candidates. */
  readonly identity: string;
  /** client-go's 15 s, 10 s and 2 s. */
  readonly leaseDurationMs?: number;
  readonly renewDeadlineMs?: number;
  readonly retryPeriodMs?: number;
  readonly signal: AbortSignal;
}

/**
 * Runs `lead` whenever this candidate holds the lease, until `signal` aborts. `lead`'s signal
 * aborts when the lease is lost; it must then end, and the candidate stands again.
 */
export async function electLeader(
  client: Client,
  options: LeaderElectionOptions,
  lead: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const { clock, random, logger, signal } = options;
  const { retryPeriodMs = 2000, renewDeadlineMs = 10_000 } = options;
  const candidate = createCandidate(client, options);
  while (!signal.aborted) {
    if (!(await candidate.tryHold())) {
      await sleep(clock, retryPeriodMs * (1 + 1.2 * random.next()), signal);
      continue;
    }
    logger.info('became leader', { lease: options.name, identity: options.identity });
    const lost = new AbortController();
    const leading = lead(lost.signal);
    let renewedMs = clock.nowMs();
    while (!signal.aborted && clock.nowMs() - renewedMs < renewDeadlineMs) {
      await sleep(clock, retryPeriodMs, signal);
      if (!signal.aborted && (await candidate.tryHold())) renewedMs = clock.nowMs();
    }
    lost.abort(new Error('the lease is lost'));
    await leading;
    if (signal.aborted) await candidate.release();
    else logger.warn('lost the lease', { lease: options.name });
  }
}

function createCandidate(client: Client, options: LeaderElectionOptions) {
  const { clock, logger, namespace, name, identity, leaseDurationMs = 15_000 } = options;
  // Another's lease is judged by when this process saw it change, never by the other's clock.
  let seen = { record: '', atMs: Number.NEGATIVE_INFINITY };
  let held: Lease | undefined;
  const spec = (lease: Lease | undefined) => {
    const now = microTimestamp(clock);
    const mine = lease?.spec?.holderIdentity === identity;
    const transitions = lease?.spec?.leaseTransitions ?? 0;
    return {
      holderIdentity: identity,
      leaseDurationSeconds: Math.ceil(leaseDurationMs / 1000),
      acquireTime: mine ? (lease?.spec?.acquireTime ?? now) : now,
      renewTime: now,
      leaseTransitions: mine || lease === undefined ? transitions : transitions + 1,
    };
  };
  const attempt = async (): Promise<boolean> => {
    const lease = held ?? (await client.get(leases, namespace, name).catch(undefinedIfNotFound));
    if (lease === undefined) {
      held = await client.create(leases, { metadata: { namespace, name }, spec: spec(undefined) });
      return true;
    }
    const holder = lease.spec?.holderIdentity ?? '';
    const record = `${holder}|${lease.spec?.renewTime ?? ''}`;
    if (record !== seen.record) seen = { record, atMs: clock.nowMs() };
    const durationMs = (lease.spec?.leaseDurationSeconds ?? 0) * 1000;
    const taken = holder !== '' && holder !== identity;
    if (taken && seen.atMs + durationMs > clock.nowMs()) return false;
    held = await client.update(leases, { ...lease, spec: { ...lease.spec, ...spec(lease) } });
    return true;
  };
  return {
    async tryHold(): Promise<boolean> {
      try {
        return await attempt();
      } catch (error) {
        held = undefined;
        logger.debug('cannot hold the lease', { lease: name, why: describeError(error) });
        return false;
      }
    },
    async release(): Promise<void> {
      if (held?.spec?.holderIdentity !== identity) return;
      const free = { ...spec(held), holderIdentity: '', leaseDurationSeconds: 1 };
      await client
        .update(leases, { ...held, spec: { ...held.spec, ...free } })
        .catch((error) => logger.debug('cannot release', { why: describeError(error) }));
    },
  };
}

function undefinedIfNotFound(error: unknown): undefined {
  if (isReason(error, 'NotFound')) return undefined;
  throw error;
}
