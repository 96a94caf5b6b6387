// How many seats a request takes, and for how long it lingers on them, as upstream estimates it.
import type { RequestInfo } from '../request-info.ts';
import { isTrue } from '../request-info.ts';

export interface WorkEstimate {
  readonly initialSeats: number;
  /** Held after the answer for `additionalLatencyMs`, while watchers get the event. */
  readonly finalSeats: number;
  readonly additionalLatencyMs: number;
  /** A list worth more than one seat, whatever its level grants it. */
  readonly wide?: boolean;
}

/** What is known of a resource's stored objects. */
export interface StoredStats {
  readonly count: number;
  readonly bytes: number;
}

export const estimateLimits = {
  bytesPerSeat: 100_000,
  /** A list out of memory is written in pieces: it never holds more than this at once. */
  streamedBytesMax: 1_000_000,
  watchesPerSeat: 10,
  eventMs: 5,
  listSeatsMax: 100,
  mutatingSeatsMax: 10,
} as const;

const oneSeat: WorkEstimate = { initialSeats: 1, finalSeats: 0, additionalLatencyMs: 0 };

export interface EstimateInputs {
  /** Undefined for resources that nobody here stores. */
  stats(info: RequestInfo): StoredStats | undefined;
  /** Watches that a write will wake. */
  watches(info: RequestInfo): number;
}

/** @param levelSeatsMax the widest request that the priority level takes; 0: any */
export function estimateWork(
  info: RequestInfo,
  inputs: EstimateInputs,
  levelSeatsMax: number,
): WorkEstimate {
  switch (info.verb) {
    case 'list':
    case 'watch':
      return info.isResource ? listEstimate(info, inputs, levelSeatsMax) : oneSeat;
    case 'create':
    case 'update':
    case 'patch':
    case 'delete':
      return mutatingEstimate(info, inputs, levelSeatsMax);
    default:
      return oneSeat;
  }
}

function listEstimate(
  info: RequestInfo,
  inputs: EstimateInputs,
  levelSeatsMax: number,
): WorkEstimate {
  const { query, verb } = info;
  const version = query.get('resourceVersion') ?? '';
  // A watch costs as much as a list while it sends its first events, and nothing when it has none.
  if (verb === 'watch') {
    const sendsState = isTrue(query.get('sendInitialEvents')) || version === '' || version === '0';
    if (!sendsState) return oneSeat;
  }
  const stats = inputs.stats(info);
  if (stats === undefined || stats.count === 0) return oneSeat;
  const fromCache = verb === 'watch' || !readsStorage(query, version);
  const asked = Number(query.get('limit') ?? 0);
  const limited = asked > 0 ? Math.min(asked, stats.count) : stats.count;
  let objects = limited;
  if (info.name !== '') objects = 1;
  else if (!fromCache && (query.has('fieldSelector') || query.has('labelSelector'))) {
    objects = Math.max(limited, stats.count / 2);
  }
  let bytes = objects * (stats.bytes / stats.count);
  if (fromCache) bytes = Math.min(bytes, estimateLimits.streamedBytesMax);
  const seats = Math.ceil(bytes / estimateLimits.bytesPerSeat);
  const most = capped(levelSeatsMax, estimateLimits.listSeatsMax);
  return { ...oneSeat, initialSeats: Math.max(1, Math.min(seats, most)), wide: seats > 1 };
}

/** Whether upstream would answer it out of etcd: one exact past state. */
function readsStorage(query: URLSearchParams, version: string): boolean {
  const match = query.get('resourceVersionMatch') ?? '';
  if (match === 'Exact') return true;
  if (match !== '') return match !== 'NotOlderThan';
  if ((query.get('continue') ?? '') !== '') return true;
  return Number(query.get('limit') ?? 0) > 0 && version !== '' && version !== '0';
}

function mutatingEstimate(
  info: RequestInfo,
  inputs: EstimateInputs,
  levelSeatsMax: number,
): WorkEstimate {
  // A token makes no event, though service accounts are watched.
  if (info.resource === 'serviceaccounts' && info.subresource === 'token') return oneSeat;
  const watches = inputs.watches(info);
  const { watchesPerSeat, eventMs, mutatingSeatsMax } = estimateLimits;
  if (watches < watchesPerSeat) return oneSeat;
  const seats = Math.ceil(watches / watchesPerSeat);
  const finalSeats = Math.min(seats, capped(levelSeatsMax, mutatingSeatsMax));
  return { initialSeats: 1, finalSeats, additionalLatencyMs: (seats * eventMs) / finalSeats };
}

function capped(levelSeatsMax: number, max: number): number {
  return levelSeatsMax === 0 ? max : Math.min(levelSeatsMax, max);
}
