// What the server makes and mends on its own, from its start to its end.
import type { Clock } from '../clock.ts';
import type { Logger } from '../logger.ts';
import type { Random } from '../random.ts';
import type { ResourceRegistry } from '../registry/engine/resource-registry.ts';
import type { NodePorts } from './allocation/node-ports.ts';
import { ServiceRepair } from './allocation/service-repair.ts';
import { ApiServices } from './bootstrap/api-services.ts';
import { IdentityLease } from './bootstrap/identity-lease.ts';
import { type BootstrapOptions, ServerObjects } from './bootstrap/server-objects.ts';
import type { Fairness } from './fairness/fairness.ts';
import { FlowConfiguration } from './fairness/flow-configuration.ts';
import type { ObjectReader } from './object-reader.ts';

export interface UpkeepOptions extends BootstrapOptions {
  readonly registry: ResourceRegistry;
  readonly objects: ObjectReader;
  readonly fairness: Fairness;
  readonly ports: NodePorts;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

export interface Upkeep {
  /** Resolves once everything is there; it is kept so until `close`. */
  start(): Promise<void>;
  close(): void;
}

export function createUpkeep(options: UpkeepOptions): Upkeep {
  const { registry, fairness, clock, random, logger } = options;
  const flows = new FlowConfiguration({ fairness, registry, clock, random, logger });
  const own = new ServerObjects({ ...options, logger: logger.child('bootstrap') });
  const apiServices = new ApiServices({ registry, clock, logger: logger.child('autoregister') });
  const lease = new IdentityLease({ ...options, logger: logger.child('identity') });
  const repair = new ServiceRepair({ ...options, logger: logger.child('service-repair') });
  return {
    async start() {
      flows.start();
      const kept = [own, apiServices];
      await Promise.all(kept.map((each) => each.ensure()));
      for (const each of kept) each.keep();
      await Promise.all([repair.start(), flows.settle(), lease.ensure()]);
      lease.keep();
    },
    close() {
      for (const each of [flows, own, lease, repair, apiServices]) each.close();
    },
  };
}
