// When addresses and node ports are repaired: all at the start and now and then, an address when it changes.
import type { Timer } from '../../clock.ts';
import type { IPAddress } from '../../objects.ts';
import type { CachedObject } from '../../registry/cache/types.ts';
import type { ResourceStore } from '../../registry/engine/resource-store.ts';
import { ClusterIpRepair } from './cluster-ip-repair.ts';
import { NodePortRepair } from './node-port-repair.ts';
import type { RepairParts } from './repair.ts';
import { networking } from './service-cidrs.ts';

/** Upstream's. */
const repairIntervalMs = 180_000;
/** What changes together is looked at together, once the request that did it is through. */
const settleMs = 1_000;
/** More changed addresses than this are left to the next repair of all. */
const waitingMax = 10_000;

interface Waiting {
  readonly dueMs: number;
  readonly parent: { readonly namespace: string; readonly name: string };
}

export class ServiceRepair {
  readonly #parts: RepairParts;
  readonly #ips: ClusterIpRepair;
  readonly #ports: NodePortRepair;
  readonly #waiting = new Map<string, Waiting>();
  #timers: { all?: Timer; changed?: Timer } = {};
  /** When the addresses that wait are looked at next. */
  #wakeMs = Number.POSITIVE_INFINITY;
  #following: (() => void) | undefined;
  #closed = false;

  constructor(parts: RepairParts) {
    this.#parts = parts;
    this.#ips = new ClusterIpRepair(parts);
    this.#ports = new NodePortRepair(parts);
  }

  /** Repairs all once; from then on by itself. */
  async start(): Promise<void> {
    await this.#runAll();
    const store = this.#parts.objects.store(networking, 'ipaddresses');
    if (store === undefined || this.#closed) return;
    this.#following = store.cache.subscribe((first) => {
      const { ring } = store.cache;
      for (let sequence = first; sequence < ring.next; sequence++) {
        const event = ring.at(sequence);
        if (event !== undefined) this.#changed(store, event.object);
      }
    });
  }

  close(): void {
    this.#closed = true;
    this.#following?.();
    this.#timers.all?.cancel();
    this.#timers.changed?.cancel();
  }

  async #runAll(): Promise<void> {
    const { logger, clock } = this.#parts;
    for (const repair of [this.#ips, this.#ports]) {
      await repair.run().catch((error: unknown) => this.#failed(error));
    }
    if (this.#closed) return;
    this.#timers.all = clock.setTimeout(() => {
      this.#runAll().catch((error: unknown) => logger.error('cannot repair', error));
    }, repairIntervalMs);
  }

  #failed(error: unknown): void {
    if (!this.#closed) this.#parts.logger.error('cannot repair service addresses', error);
  }

  #changed(store: ResourceStore, stored: CachedObject): void {
    if (this.#waiting.size >= waitingMax) return;
    const { spec } = store.parse(stored) as IPAddress;
    const { namespace = '', name = '' } = spec?.parentRef ?? {};
    this.#wait(stored.header.name, { namespace, name }, settleMs);
  }

  #wait(ip: string, parent: Waiting['parent'], delayMs: number): void {
    const dueMs = this.#parts.clock.nowMs() + delayMs;
    this.#waiting.set(ip, { dueMs, parent });
    this.#wakeAt(dueMs);
  }

  #wakeAt(dueMs: number): void {
    if (this.#closed || dueMs >= this.#wakeMs) return;
    const { clock } = this.#parts;
    this.#wakeMs = dueMs;
    this.#timers.changed?.cancel();
    this.#timers.changed = clock.setTimeout(
      () => {
        this.#wakeMs = Number.POSITIVE_INFINITY;
        this.#checkDue().catch((error: unknown) => this.#failed(error));
      },
      Math.max(0, dueMs - clock.nowMs()),
    );
  }

  async #checkDue(): Promise<void> {
    const { objects, clock } = this.#parts;
    await objects.store('', 'services')?.cache.consistent();
    await objects.store(networking, 'ipaddresses')?.cache.consistent();
    const nowMs = clock.nowMs();
    for (const [ip, { dueMs, parent }] of [...this.#waiting]) {
      if (dueMs > nowMs) {
        this.#wakeAt(dueMs);
        continue;
      }
      this.#waiting.delete(ip);
      const againMs = await this.#ips.check(ip, parent);
      if (againMs !== undefined) this.#wait(ip, parent, againMs);
    }
  }
}
