// The shared store: etcd, which other servers write to as well.
import type { Clock } from '../../clock.ts';
import type { Logger } from '../../logger.ts';
import type {
  Driver,
  Entry,
  RangeOptions,
  RangeResult,
  StorageWatch,
  SwapResult,
  WatchHandlers,
} from '../driver.ts';
import { CompactedError, FutureRevisionError, StorageClosedError } from '../driver.ts';
import { forkToMemory } from '../memory.ts';
import type { EtcdTls } from './connection.ts';
import { EtcdConnection, isServiceError } from './connection.ts';
import { EtcdKeys } from './keys.ts';
import { Leases } from './leases.ts';
import type {
  HeaderOnlyResponse,
  LeaseTimeToLiveResponse,
  RangeResponse,
  StatusResponse,
  TxnResponse,
} from './messages.ts';
import { compactedRevision } from './watch-stream.ts';
import { EtcdWatches } from './watches.ts';

/**
 * Connects to etcd v3 (3.4 and later).
 *
 * @param options.endpoints `host:port`, tried in turn
 * @param options.prefix what every key gets in front, like kube-apiserver's --etcd-prefix
 * @throws StorageUnavailableError when no endpoint answers
 */
export async function openEtcdDriver(options: {
  readonly endpoints: readonly string[];
  readonly prefix?: string;
  readonly tls?: EtcdTls;
  readonly clock: Clock;
  readonly logger: Logger;
}): Promise<Driver> {
  const { endpoints, prefix = '/registry', tls, clock, logger } = options;
  const connection = await EtcdConnection.create(endpoints, tls);
  try {
    const { version = '' } = await connection.read<StatusResponse>('status', {});
    const keys = new EtcdKeys(prefix);
    const asksProgress = answersProgress(version);
    logger.info('connected to etcd', { endpoints: endpoints.join(','), version, asksProgress });
    const startRevision = await moveMarker(connection, keys);
    const watches = new EtcdWatches({ connection, keys, logger, startRevision, asksProgress });
    return new EtcdDriver({ connection, keys, watches, clock, asksProgress });
  } catch (error) {
    connection.close();
    throw error;
  }
}

/**
 * Before 3.4.31 and 3.5.13 an answer to a progress request could overtake events
 * (https://github.com/etcd-io/etcd/issues/15220).
 */
export function answersProgress(version: string): boolean {
  const [major = 0, minor = 0, patch = 0] = version
    .split('.')
    .map((part) => Number.parseInt(part, 10));
  if (major !== 3) return major > 3;
  if (minor === 4) return patch >= 31;
  if (minor === 5) return patch >= 13;
  return minor > 5;
}

async function moveMarker(connection: EtcdConnection, keys: EtcdKeys): Promise<number> {
  const put = { key: keys.marker, value: Buffer.alloc(0) };
  return revisionOf(await connection.read<HeaderOnlyResponse>('put', put));
}

const revisionOf = (response: HeaderOnlyResponse) => Number(response.header?.revision ?? 0);

interface EtcdParts {
  readonly connection: EtcdConnection;
  readonly keys: EtcdKeys;
  readonly watches: EtcdWatches;
  readonly clock: Clock;
  readonly asksProgress: boolean;
}

class EtcdDriver implements Driver {
  readonly #parts: EtcdParts;
  readonly #leases: Leases;
  readonly #underWay = new Set<Promise<unknown>>();
  #compacted = 0;
  #closed = false;

  constructor(parts: EtcdParts) {
    this.#parts = parts;
    this.#leases = new Leases(parts.connection, parts.clock);
  }

  range(prefix: string, options: RangeOptions = {}): Promise<RangeResult> {
    return this.#run(async () => {
      const { keys } = this.#parts;
      const { revision, from, limit, count } = options;
      const response = await this.#read(keys.range(prefix, from), revision, limit);
      return {
        revision: revision ?? revisionOf(response),
        entries: (response.kvs ?? []).map((kv) => keys.entry(kv)),
        more: response.more ?? false,
        ...(count === true ? { count: Number(response.count ?? 0) } : {}),
      };
    });
  }

  get(
    key: string,
    options: { readonly revision?: number } = {},
  ): Promise<{ readonly revision: number; readonly entry: Entry | undefined }> {
    return this.#run(async () => {
      const { keys } = this.#parts;
      const response = await this.#read({ key: keys.key(key) }, options.revision);
      const [kv] = response.kvs ?? [];
      const revision = options.revision ?? revisionOf(response);
      return { revision, entry: kv === undefined ? undefined : keys.entry(kv) };
    });
  }

  compareAndSwap(
    key: string,
    expected: number,
    value: Uint8Array | undefined,
    options: { readonly ttlMs?: number } = {},
  ): Promise<SwapResult> {
    return this.#run(async () => {
      try {
        return await this.#swap(key, expected, value, options.ttlMs);
      } catch (error) {
        const { ttlMs } = options;
        if (ttlMs === undefined || !says(error, 'requested lease not found')) throw error;
        this.#leases.forget(ttlMs);
        return await this.#swap(key, expected, value, ttlMs);
      }
    });
  }

  watch(prefix: string, fromRevision: number, handlers: WatchHandlers): StorageWatch {
    return this.#parts.watches.add(prefix, fromRevision, handlers);
  }

  currentRevision(): Promise<number> {
    return this.#run(() => this.#newest());
  }

  requestProgress(): Promise<void> {
    return this.#run(async () => {
      const { asksProgress, connection, keys, watches } = this.#parts;
      const target = asksProgress ? await this.#newest() : await moveMarker(connection, keys);
      watches.requestProgress(target);
    });
  }

  get compacted(): number {
    return this.#compacted;
  }

  compact(revision: number): Promise<void> {
    return this.#run(async () => {
      try {
        await this.#parts.connection.call('compact', { revision });
        this.#parts.watches.compacted(revision);
      } catch (error) {
        // Another server was first.
        if (!says(error, 'has been compacted')) throw await this.#translate(error, revision);
      }
      this.#compacted = Math.max(this.#compacted, revision);
    });
  }

  fork(): Promise<Driver> {
    return this.#run(async () => {
      const { clock, connection, keys } = this.#parts;
      const response = await this.#read(keys.range(''));
      const kvs = [...(response.kvs ?? [])];
      kvs.sort((a, b) => Number(a.mod_revision) - Number(b.mod_revision));
      const ends = new Map<string, number>();
      for (const ID of new Set(kvs.flatMap(({ lease = '0' }) => (lease === '0' ? [] : [lease])))) {
        const { TTL = '0' } = await connection.read<LeaseTimeToLiveResponse>('leaseTimeToLive', {
          ID,
        });
        ends.set(ID, clock.nowMs() + Math.max(0, Number(TTL)) * 1000);
      }
      const rows = kvs.map((kv) => {
        const { key, value, revision } = keys.entry(kv);
        const expiresAtMs = ends.get(kv.lease ?? '0');
        return {
          version: { key, revision, deleted: false, expiresAtMs, previous: undefined },
          value,
        };
      });
      return forkToMemory(clock)(revisionOf(response), rows);
    });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await Promise.allSettled(this.#underWay);
    this.#parts.watches.close();
    this.#parts.connection.close();
  }

  /** Refuses when closed, and lets closing wait for what is under way. */
  async #run<Result>(action: () => Promise<Result>): Promise<Result> {
    if (this.#closed) throw new StorageClosedError();
    const running = action();
    this.#underWay.add(running);
    try {
      return await running;
    } finally {
      this.#underWay.delete(running);
    }
  }

  async #read(
    range: { readonly key: Buffer; readonly range_end?: Buffer },
    revision = 0,
    limit = 0,
  ): Promise<RangeResponse> {
    // To etcd a limit of 0 is none.
    try {
      return await this.#parts.connection.read<RangeResponse>('range', {
        ...range,
        revision,
        limit,
      });
    } catch (error) {
      throw await this.#translate(error, revision);
    }
  }

  async #newest(): Promise<number> {
    const { connection, keys } = this.#parts;
    return revisionOf(
      await connection.read<RangeResponse>('range', { key: keys.marker, count_only: true }),
    );
  }

  async #swap(
    key: string,
    expected: number,
    value: Uint8Array | undefined,
    ttlMs: number | undefined,
  ): Promise<SwapResult> {
    const { connection, keys } = this.#parts;
    const etcdKey = keys.key(key);
    const lease =
      ttlMs === undefined || value === undefined ? '0' : await this.#leases.idFor(ttlMs);
    const response = await connection.call<TxnResponse>('txn', {
      // EQUAL, MOD
      compare: [{ result: 0, target: 2, key: etcdKey, mod_revision: expected }],
      success: [
        value === undefined
          ? { request_delete_range: { key: etcdKey } }
          : { request_put: { key: etcdKey, value, lease } },
      ],
      failure: [{ request_range: { key: etcdKey } }],
    });
    if (response.succeeded === true) return { ok: true, revision: revisionOf(response) };
    const [kv] = response.responses?.[0]?.response_range?.kvs ?? [];
    return { ok: false, current: kv === undefined ? undefined : keys.entry(kv) };
  }

  async #translate(error: unknown, revision: number): Promise<unknown> {
    const { connection, keys } = this.#parts;
    if (says(error, 'has been compacted')) {
      return new CompactedError(await compactedRevision(connection, keys.marker));
    }
    if (says(error, 'is a future revision')) {
      return new FutureRevisionError(revision, await this.#newest());
    }
    return error;
  }
}

function says(error: unknown, words: string): boolean {
  return isServiceError(error) && error.details.includes(words);
}
