// Leases for values with a TTL, shared by many keys so that an event does not cost a lease.
import type { Clock } from '../../clock.ts';
import { StorageUnavailableError } from '../driver.ts';
import type { EtcdConnection } from './connection.ts';
import type { LeaseGrantResponse } from './messages.ts';

/** A lease lives this much longer than asked, at most, and is shared for that long. */
const shareMsMax = 60_000;
const shareRatio = 0.05;
/** kube-apiserver's --lease-max-object-count. */
const keysPerLeaseMax = 1_000;
/** Different TTLs that are remembered; there is one in practice (events). */
const ttlsMax = 100;

interface SharedLease {
  readonly id: Promise<string>;
  readonly usableUntilMs: number;
  keys: number;
}

export class Leases {
  readonly #connection: EtcdConnection;
  readonly #clock: Clock;
  readonly #byTtl = new Map<number, SharedLease>();

  /** @param clock tells how long a lease may be shared; etcd itself counts in wall time */
  constructor(connection: EtcdConnection, clock: Clock) {
    this.#connection = connection;
    this.#clock = clock;
  }

  /** A lease that ends `ttlMs` from now, or up to a minute later. */
  async idFor(ttlMs: number): Promise<string> {
    const nowMs = this.#clock.nowMs();
    let lease = this.#byTtl.get(ttlMs);
    if (lease === undefined || lease.usableUntilMs < nowMs || lease.keys >= keysPerLeaseMax) {
      const shareMs = Math.min(shareMsMax, ttlMs * shareRatio);
      lease = { id: this.#grant(ttlMs + shareMs), usableUntilMs: nowMs + shareMs, keys: 0 };
      if (this.#byTtl.size >= ttlsMax) this.#byTtl.clear();
      this.#byTtl.set(ttlMs, lease);
    }
    lease.keys++;
    try {
      return await lease.id;
    } catch (error) {
      if (this.#byTtl.get(ttlMs) === lease) this.#byTtl.delete(ttlMs);
      throw error;
    }
  }

  /** The lease is not there any more (etcd said so): the next value gets another. */
  forget(ttlMs: number): void {
    this.#byTtl.delete(ttlMs);
  }

  async #grant(ttlMs: number): Promise<string> {
    const seconds = Math.max(1, Math.ceil(ttlMs / 1000));
    const { ID, error } = await this.#connection.call<LeaseGrantResponse>('leaseGrant', {
      TTL: seconds,
    });
    if (ID === undefined) throw new StorageUnavailableError(`etcd granted no lease: ${error}`);
    return ID;
  }
}
