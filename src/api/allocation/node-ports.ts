// Node ports: each that is taken is one key in storage, and its creation is the lock.
import type { Random } from '../../random.ts';
import { inBandOrder, staticPortBandSize } from '../../registry/core/allocation-bands.ts';
import type { Pool, ServiceOwner } from '../../registry/core/service-allocation.ts';
import type { Driver, Entry } from '../../storage/driver.ts';

const prefix = '/registry/ranges/servicenodeports/';
const isTaken = 'provided port is already allocated';

export const nodePortRange = { from: 30_000, to: 32_767 } as const;
const shownRange = `${nodePortRange.from}-${nodePortRange.to}`;

function refusal(port: number): string | undefined {
  if (port >= nodePortRange.from && port <= nodePortRange.to) return undefined;
  return `provided port is not in the valid range. The range of valid ports is ${shownRange}`;
}

/** A port as it is stored. */
export interface TakenPort {
  readonly port: number;
  readonly owner: ServiceOwner;
  /** Of the write that took it. */
  readonly revision: number;
}

function keyOf(port: number): string {
  return `${prefix}${port}`;
}

function read(entry: Entry): TakenPort {
  const owner = JSON.parse(Buffer.from(entry.value).toString()) as ServiceOwner;
  return { port: Number(entry.key.slice(prefix.length)), owner, revision: entry.revision };
}

function same(a: ServiceOwner, b: ServiceOwner): boolean {
  return a.namespace === b.namespace && a.name === b.name && a.uid === b.uid;
}

export class NodePorts implements Pool<number> {
  readonly #driver: Driver;
  readonly #random: Random;
  /** Ports that were taken when last seen: they are tried last. At most the range's size. */
  #believed = new Set<number>();

  constructor(driver: Driver, random: Random) {
    this.#driver = driver;
    this.#random = random;
  }

  async takeAny(owner: ServiceOwner): Promise<number | undefined> {
    const found = await this.#takeFree(owner);
    if (found !== undefined) return found;
    // Others may have given some back since.
    this.#believed = new Set((await this.taken()).map(({ port }) => port));
    return this.#takeFree(owner);
  }

  async #takeFree(owner: ServiceOwner): Promise<number | undefined> {
    const { from, to } = nodePortRange;
    const band = BigInt(staticPortBandSize(to - from + 1));
    for (const each of inBandOrder(BigInt(from), BigInt(to), band, this.#random)) {
      const port = Number(each);
      if (!this.#believed.has(port) && (await this.#claim(port, owner))) return port;
    }
    return undefined;
  }

  async take(port: number, owner: ServiceOwner): Promise<string | undefined> {
    return refusal(port) ?? ((await this.#claim(port, owner)) ? undefined : isTaken);
  }

  async #claim(port: number, owner: ServiceOwner): Promise<boolean> {
    const value = Buffer.from(JSON.stringify(owner));
    this.#believed.add(port);
    return (await this.#driver.compareAndSwap(keyOf(port), 0, value)).ok;
  }

  async release(port: number, owner: ServiceOwner): Promise<void> {
    const { entry } = await this.#driver.get(keyOf(port));
    if (entry !== undefined && same(read(entry).owner, owner)) await this.free(read(entry));
  }

  /** Frees a port unless somebody wrote it since. */
  async free({ port, revision }: TakenPort): Promise<void> {
    const { ok } = await this.#driver.compareAndSwap(keyOf(port), revision, undefined);
    if (ok) this.#believed.delete(port);
  }

  async taken(): Promise<readonly TakenPort[]> {
    return (await this.#driver.range(prefix)).entries.map(read);
  }
}

/** Gives numbers that look the part, and takes nothing. One for each request. */
export class DryNodePorts implements Pool<number> {
  readonly #real: NodePorts;
  readonly #taken = new Set<number>();

  constructor(real: NodePorts) {
    this.#real = real;
  }

  takeAny(): Promise<number | undefined> {
    const port = Math.max(nodePortRange.to + 1, ...this.#taken) + 1;
    this.#taken.add(port);
    return Promise.resolve(port);
  }

  async take(port: number): Promise<string | undefined> {
    const why = refusal(port);
    if (why !== undefined) return why;
    if (this.#taken.has(port)) return isTaken;
    this.#taken.add(port);
    return (await this.#real.taken()).some((each) => each.port === port) ? isTaken : undefined;
  }

  release(): Promise<void> {
    return Promise.resolve();
  }
}
