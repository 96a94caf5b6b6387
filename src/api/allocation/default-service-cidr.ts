// The ServiceCIDR `kubernetes`: the ranges that the server was started with, and that they are ready.
import { isDeepStrictEqual } from 'node:util';
import { type Clock, timestamp } from '../../clock.ts';
import type { Logger } from '../../logger.ts';
import type { Condition, ServiceCIDR } from '../../objects.ts';
import type { Random } from '../../random.ts';
import type { FoundResource, ResourceRegistry } from '../../registry/engine/resource-registry.ts';
import type { ApiObject } from '../../registry/resource.ts';
import { isReason } from '../../status.ts';
import { serverContext } from '../server-context.ts';
import { networking } from './service-cidrs.ts';
import { serviceRanges } from './service-pools.ts';
import { type Warning, Warnings } from './warnings.ts';

const name = 'kubernetes';
const kind = { apiVersion: `${networking}/v1`, kind: 'ServiceCIDR' };
const reporter = 'kubernetes-service-cidr-controller';

interface Parts {
  readonly registry: ResourceRegistry;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly serviceRange: string;
}

export class DefaultServiceCidr {
  readonly #parts: Parts;
  readonly #cidrs: readonly string[];
  readonly #warnings: Warnings;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#cidrs = serviceRanges(parts.serviceRange);
    this.#warnings = new Warnings(parts, reporter);
  }

  /** Makes it, gives it the second family it lacks, says that it is ready; changes nothing else. */
  async ensure(): Promise<void> {
    const found = this.#parts.registry.find(networking, 'v1', 'servicecidrs');
    if (found === undefined) return;
    try {
      const cidr = this.#read(found) ?? (await this.#create(found));
      const stored = cidr.spec?.cidrs ?? [];
      if (this.#cidrs.length === 2 && stored.length === 1 && stored[0] === this.#cidrs[0]) {
        const spec = { cidrs: [...this.#cidrs] };
        await found.store.update(serverContext(found, '', name), { ...cidr, spec } as ApiObject);
      } else await this.#setReady(found, cidr);
    } catch (error) {
      // Another server was there first: next time.
      if (!isReason(error, 'AlreadyExists') && !isReason(error, 'Conflict')) throw error;
    }
  }

  #read(found: FoundResource): ServiceCIDR | undefined {
    const stored = found.store.cache.get(found.store.key('', name));
    return stored && (found.store.present(serverContext(found, '', name), stored) as ServiceCIDR);
  }

  async #create(found: FoundResource): Promise<ServiceCIDR> {
    const context = serverContext(found, '', '');
    const spec = { cidrs: [...this.#cidrs] };
    const { stored } = await found.store.create(context, { ...kind, metadata: { name }, spec });
    return found.store.present(context, stored) as ServiceCIDR;
  }

  async #setReady(found: FoundResource, cidr: ServiceCIDR): Promise<void> {
    if (cidr.metadata?.deletionTimestamp !== undefined) return;
    const stored = cidr.spec?.cidrs ?? [];
    if (!isDeepStrictEqual(stored, this.#cidrs)) {
      const note =
        `The default ServiceCIDR [${stored.join(' ')}] does not match the controller flag ` +
        `configurations [${this.#cidrs.join(' ')}]`;
      return this.#warn(cidr, 'KubernetesDefaultServiceCIDRInconsistent', note);
    }
    const conditions = cidr.status?.conditions ?? [];
    const ready = conditions.find(({ type }) => type === 'Ready');
    if (ready?.status === 'True') return;
    if (ready?.status === 'False') {
      return this.#warn(cidr, ready.reason, `Configuration matches, but ${ready.message}`);
    }
    const condition: Condition = {
      type: 'Ready',
      status: 'True',
      reason: '',
      message: 'Kubernetes default Service CIDR is ready',
      lastTransitionTime: timestamp(this.#parts.clock),
    };
    const others = conditions.filter(({ type }) => type !== 'Ready');
    const context = { ...serverContext(found, '', name, 'status'), fieldManager: reporter };
    const status = { conditions: [...others, condition] };
    await found.store.update(context, { ...cidr, status } as ApiObject);
  }

  #warn(cidr: ServiceCIDR, reason: string, note: string): Promise<void> {
    const warning: Warning = { reason, action: 'Sync', note };
    return this.#warnings.warn(kind, cidr, warning);
  }
}
