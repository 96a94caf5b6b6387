// The Lease by which a server says that it is alive, and the end of those that dead servers left.
import { createHash } from 'node:crypto';
import { type Clock, microTimestamp, type Timer } from '../../clock.ts';
import type { Logger } from '../../logger.ts';
import type { Lease } from '../../objects.ts';
import { type Random, uuid } from '../../random.ts';
import type { FoundResource, ResourceRegistry } from '../../registry/engine/resource-registry.ts';
import type { ApiObject } from '../../registry/resource.ts';
import { isReason } from '../../status.ts';
import { serverContext } from '../server-context.ts';

interface Parts {
  readonly registry: ResourceRegistry;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Of the machine this server runs on; without one there is no Lease. */
  readonly hostname?: string | undefined;
  /** Tells servers on one machine apart. */
  readonly advertise: { readonly address: string; readonly port: number };
}

const namespace = 'kube-system';
const identityLabel = 'apiserver.kubernetes.io/identity';
const identity = 'kube-apiserver';
const renewIntervalMs = 10_000;
const leaseSeconds = 3600;
/** How often a server looks for the Leases of dead ones. */
const collectIntervalMs = 3_600_000;

/** KEP-1965: one Lease for each live server. */
export class IdentityLease {
  readonly name: string;
  readonly #parts: Parts;
  readonly #holder: string;
  #timer: Timer | undefined;
  #collectedMs = Number.NEGATIVE_INFINITY;
  #closed = false;

  constructor(parts: Parts) {
    const { hostname = '', advertise, random } = parts;
    this.#parts = parts;
    const about = `${hostname} ${advertise.address} ${advertise.port}`;
    this.name = `apiserver-${base32(createHash('sha256').update(about).digest().subarray(0, 16))}`;
    this.#holder = `${this.name}_${uuid(random)}`;
  }

  /** Makes or renews the Lease; now and then removes expired ones of others. */
  async ensure(): Promise<void> {
    const { registry, clock, hostname } = this.#parts;
    const found = registry.find('coordination.k8s.io', 'v1', 'leases');
    if (found === undefined || hostname === undefined) return;
    await this.#renew(found);
    if (clock.nowMs() - this.#collectedMs < collectIntervalMs) return;
    this.#collectedMs = clock.nowMs();
    await this.#collect(found);
  }

  /** Renews until closed. */
  keep(): void {
    if (this.#parts.hostname === undefined) return;
    this.#timer = this.#parts.clock.setTimeout(() => {
      this.ensure()
        .catch((error: unknown) => this.#parts.logger.error('cannot renew own Lease', error))
        .finally(() => {
          if (!this.#closed) this.keep();
        });
    }, renewIntervalMs);
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  async #renew(found: FoundResource): Promise<void> {
    const { clock, hostname = '' } = this.#parts;
    const context = serverContext(found, namespace, this.name);
    const stored = found.store.cache.get(found.store.key(namespace, this.name));
    const current = stored && (found.store.present(context, stored) as Lease);
    const wanted: Lease = {
      ...current,
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: {
        ...current?.metadata,
        name: this.name,
        namespace,
        labels: {
          ...current?.metadata?.labels,
          [identityLabel]: identity,
          'kubernetes.io/hostname': hostname,
        },
      },
      spec: {
        ...current?.spec,
        holderIdentity: this.#holder,
        leaseDurationSeconds: leaseSeconds,
        renewTime: microTimestamp(clock),
      },
    };
    try {
      if (stored === undefined) await found.store.create(context, wanted as ApiObject);
      else await found.store.update(context, wanted as ApiObject);
    } catch (error) {
      // The cache was behind; the next renewal is soon enough.
      if (!['AlreadyExists', 'Conflict', 'NotFound'].some((each) => isReason(error, each))) {
        throw error;
      }
    }
  }

  /** One that lacks a time or a duration is no server's and goes too. */
  async #collect(found: FoundResource): Promise<void> {
    const { store } = found;
    for (const stored of [...store.cache.snapshot().range(`${store.prefix}${namespace}/`)]) {
      const { metadata = {}, spec = {} } = store.parse(stored) as Lease;
      const { name = '', uid = '', labels } = metadata;
      if (labels?.[identityLabel] !== identity || name === this.name) continue;
      const { renewTime, leaseDurationSeconds } = spec;
      const isKnown = renewTime !== undefined && leaseDurationSeconds !== undefined;
      const endMs = isKnown ? Date.parse(renewTime) + leaseDurationSeconds * 1000 : 0;
      if (endMs >= this.#parts.clock.nowMs()) continue;
      const context = serverContext(found, namespace, name);
      await store.delete(context, { preconditions: { uid } }).catch((error: unknown) => {
        if (!isReason(error, 'NotFound') && !isReason(error, 'Conflict')) throw error;
      });
    }
  }
}

const base32Letters = 'abcdefghijklmnopqrstuvwxyz234567';

/** RFC 4648 without padding, in small letters. */
function base32(bytes: Uint8Array): string {
  let text = '';
  let bits = 0;
  let value = 0;
  for (const byte of bytes) {
    value = (value << 8) | byte;
    for (bits += 8; bits >= 5; bits -= 5) text += base32Letters[(value >> (bits - 5)) & 31];
    value &= (1 << bits) - 1;
  }
  return bits === 0 ? text : text + base32Letters[(value << (5 - bits)) & 31];
}
