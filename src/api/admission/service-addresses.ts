// Gives Services their cluster addresses and node ports, one at a time so that none is given twice.
import type { Service } from '../../objects.ts';
import { allocateService } from '../../registry/core/service-allocation.ts';
import { invalid } from '../../status.ts';
import { type AdmissionParts, type AdmissionPlugin, targetOf } from './plugin.ts';

const nodePortRange = { from: 30_000, to: 32_767 } as const;
/** What was given to a request that has not reached the cache yet is remembered this long. */
const pendingMs = 30_000;

interface Pending {
  readonly service: Service;
  readonly untilMs: number;
}

export function serviceAddresses(parts: AdmissionParts): AdmissionPlugin {
  const { objects, random, clock, serviceRange } = parts;
  const pending = new Map<string, Pending>();

  /** Everything stored, and what was given away but is not stored yet. */
  function* existing(): IterableIterator<Service> {
    yield* objects.list<Service>('', 'services');
    const nowMs = clock.nowMs();
    for (const [key, { service, untilMs }] of pending) {
      const [namespace = '', name = ''] = key.split('/');
      const stored = objects.get<Service>('', 'services', namespace, name);
      if (untilMs < nowMs || stored !== undefined) pending.delete(key);
      else yield service;
    }
  }

  return {
    name: 'ServiceAddresses',
    // Synchronous from reading what is taken to noting what is given: that is the lock.
    mutate(attributes) {
      const { operation, context, object, old } = attributes;
      if (operation === 'DELETE' || targetOf(attributes) !== 'services') return undefined;
      const service = object as Service;
      const errors = allocateService(service, old as Service | undefined, {
        serviceCidrs: [serviceRange],
        nodePortRange,
        existing: existing(),
        random,
      });
      if (errors.length > 0) {
        throw invalid({ group: '', kind: 'Service' }, service.metadata?.name ?? '', errors);
      }
      if (!context.dryRun && service.metadata?.name !== undefined) {
        const key = `${context.namespace}/${service.metadata.name}`;
        const untilMs = clock.nowMs() + pendingMs;
        pending.set(key, { service: structuredClone(service), untilMs });
      }
      return undefined;
    },
  };
}
