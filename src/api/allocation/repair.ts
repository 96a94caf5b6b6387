// What the repairs of addresses and ports share: what they look at, and how they give others a turn.
import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../../clock.ts';
import type { Logger } from '../../logger.ts';
import type { Service } from '../../objects.ts';
import type { Random } from '../../random.ts';
import type { ResourceRegistry } from '../../registry/engine/resource-registry.ts';
import type { ResourceStore } from '../../registry/engine/resource-store.ts';
import type { ApiObject } from '../../registry/resource.ts';
import type { ObjectReader } from '../object-reader.ts';
import type { NodePorts } from './node-ports.ts';

export interface RepairParts {
  readonly registry: ResourceRegistry;
  readonly objects: ObjectReader;
  readonly ports: NodePorts;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

export const serviceKind = { apiVersion: 'v1', kind: 'Service' };

/** So many objects are read before others get a turn. */
const objectsPerTurn = 64;

/** Every object of a store as it stands now, a few a turn; each with its resourceVersion. */
export async function* allOf<T>(store: ResourceStore | undefined): AsyncIterableIterator<T> {
  if (store === undefined) return;
  let count = 0;
  for (const stored of [...store.cache.snapshot().range(store.prefix)]) {
    yield withVersion(store.parse(stored), stored.revision) as T;
    if (++count % objectsPerTurn === 0) await setImmediate();
  }
}

function withVersion(object: ApiObject, revision: number): ApiObject {
  return { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } };
}

export function nameOf({ metadata }: Service): string {
  return `${metadata?.namespace ?? ''}/${metadata?.name ?? ''}`;
}
