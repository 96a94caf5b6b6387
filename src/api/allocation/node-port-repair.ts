// Repairs node ports: each that a Service has is taken, and none stays taken that no Service has.
import type { Service } from '../../objects.ts';
import { claimsOf, ownerOf } from '../../registry/core/service-allocation.ts';
import { nodePortRange, type TakenPort } from './node-ports.ts';
import { allOf, type RepairParts, serviceKind } from './repair.ts';
import { Warnings } from './warnings.ts';

/** A port is taken before its Service is there: only what is left over so often in a row goes. */
const leaksSeenMax = 3;

export class NodePortRepair {
  readonly #parts: RepairParts;
  readonly #warnings: Warnings;
  /** How often a port was seen left over, by the write that took it; no more than the range has. */
  #leaks = new Map<number, number>();

  constructor(parts: RepairParts) {
    this.#parts = parts;
    this.#warnings = new Warnings(parts, 'portallocator-repair-controller');
  }

  async run(): Promise<void> {
    const { objects, ports } = this.#parts;
    // Read before the Services: what is taken meanwhile is not looked at.
    const taken = new Map((await ports.taken()).map((each) => [each.port, each]));
    const services = objects.store('', 'services');
    await services?.cache.consistent();
    const used = new Set<number>();
    for await (const service of allOf<Service>(services)) {
      for (const port of claimsOf(service).ports) await this.#check(service, port, used, taken);
    }
    await this.#clean([...taken.values()].filter(({ port }) => !used.has(port)));
  }

  async #check(
    service: Service,
    port: number,
    used: Set<number>,
    taken: ReadonlyMap<number, TakenPort>,
  ): Promise<void> {
    const warn = (reason: string, note: string) =>
      this.#warnings.warn(serviceKind, service, { reason, action: 'PortAllocation', note });
    const { from, to } = nodePortRange;
    if (port < from || port > to) {
      const why = `is not within the port range ${from}-${to}; please recreate service`;
      return warn('PortOutOfRange', `Port ${port} ${why}`);
    }
    if (used.has(port)) {
      const why = 'was assigned to multiple services; please recreate service';
      return warn('PortAlreadyAllocated', `Port ${port} ${why}`);
    }
    used.add(port);
    if (taken.has(port)) return;
    const refused = await this.#parts.ports.take(port, ownerOf(service));
    if (refused === undefined) {
      await warn('PortNotAllocated', `Port ${port} is not allocated; repairing`);
    }
  }

  async #clean(left: readonly TakenPort[]): Promise<void> {
    const leaks = new Map<number, number>();
    for (const each of left) {
      const seen = (this.#leaks.get(each.revision) ?? 0) + 1;
      if (seen < leaksSeenMax) leaks.set(each.revision, seen);
      else {
        this.#parts.logger.warn(`the node port ${each.port} appears to have leaked: cleaning up`);
        await this.#parts.ports.free(each);
      }
    }
    this.#leaks = leaks;
  }
}
