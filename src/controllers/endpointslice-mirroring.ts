// The EndpointSlice mirroring controller: slices for Endpoints that people and operators write.
import { keyOf, splitKey } from '../client/object-store.ts';
import { endpointSlices, endpoints, services } from '../client/resource-ref.ts';
import type { EndpointSlice, Endpoints } from '../objects.ts';
import {
  endpointsPerSubsetMax,
  managedByLabel,
  mirrorManagedBy,
  planMirror,
  serviceNameLabel,
} from './endpointslice-mirroring-plan.ts';
import { ignoreNotFound } from './ownership.ts';
import { isNamespaceTerminating } from './replicaset.ts';
import type { Controller, ControllerContext } from './runner.ts';

const skipLabel = 'endpointslice.kubernetes.io/skip-mirror';
/** Endpoints were once what leaders were elected with. */
const leaderAnnotation = 'control-plane.alpha.kubernetes.io/leader';

export const endpointSliceMirroringController: Controller = {
  name: 'endpointslicemirroring-controller',
  start(context) {
    const { informers } = context;
    const allEndpoints = informers.informer(endpoints);
    const allServices = informers.informer(services);
    const slices = informers.informer(endpointSlices, {
      indexers: {
        mirrored: (slice) => {
          const key = mirroredKey(slice);
          return key === undefined ? [] : [key];
        },
      },
    });
    const queue = context.queue(
      'endpointslicemirroring',
      async (key) => {
        const { namespace, name } = splitKey(key);
        const source = allEndpoints.get(namespace, name);
        const service = allServices.get(namespace, name);
        const existing = slices.byIndex('mirrored', key);
        const wanted =
          source !== undefined &&
          isMirrored(source) &&
          service !== undefined &&
          service.spec?.selector === undefined;
        if (wanted) await mirror(context, source, existing);
        else for (const slice of existing) await removeSlice(context, slice);
        return undefined;
      },
      { allKeys: () => allEndpoints.keys() },
    );
    const wake = (object: Parameters<typeof keyOf>[0]) => queue.add(keyOf(object));
    allEndpoints.subscribe({ add: wake, update: wake, delete: wake });
    allServices.subscribe({
      add: wake,
      update: (service, old) => {
        const has = (each: typeof service) => each.spec?.selector !== undefined;
        if (has(service) !== has(old)) wake(service);
      },
      delete: wake,
    });
    const wakeOwner = (slice: EndpointSlice) => {
      const key = mirroredKey(slice);
      if (key !== undefined) queue.add(key);
    };
    slices.subscribe({
      add: wakeOwner,
      update: (slice, old) => {
        wakeOwner(slice);
        wakeOwner(old);
      },
      delete: wakeOwner,
    });
  },
};

/** The Endpoints that a slice mirrors; undefined when it is somebody else's. */
function mirroredKey({ metadata }: EndpointSlice): string | undefined {
  const service = metadata?.labels?.[serviceNameLabel];
  if (metadata?.labels?.[managedByLabel] !== mirrorManagedBy || service === undefined) {
    return undefined;
  }
  return `${metadata.namespace}/${service}`;
}

function isMirrored({ metadata }: Endpoints): boolean {
  if (metadata?.labels?.[skipLabel] === 'true') return false;
  return metadata?.annotations?.[leaderAnnotation] === undefined;
}

async function mirror(
  context: ControllerContext,
  source: Endpoints,
  existing: readonly EndpointSlice[],
): Promise<void> {
  const { client, events } = context;
  const plan = planMirror(source, existing);
  if (plan.invalid > 0) {
    const message = `Skipped ${plan.invalid} invalid IP addresses when mirroring to EndpointSlices`;
    events.event(endpoints, source, 'Warning', 'InvalidIPAddress', message);
  }
  if (plan.skipped > 0) {
    const message =
      `A max of ${endpointsPerSubsetMax} addresses can be mirrored to EndpointSlices ` +
      `per Endpoints subset. ${plan.invalid + plan.skipped} addresses were skipped`;
    events.event(endpoints, source, 'Warning', 'TooManyAddressesToMirror', message);
  }
  if (source.metadata?.deletionTimestamp === undefined) {
    for (const slice of plan.create) {
      try {
        await client.create(endpointSlices, slice);
      } catch (error) {
        if (isNamespaceTerminating(error)) return;
        throw error;
      }
    }
  }
  for (const slice of plan.update) await client.update(endpointSlices, slice);
  for (const slice of plan.delete) await removeSlice(context, slice);
}

async function removeSlice({ client }: ControllerContext, slice: EndpointSlice): Promise<void> {
  const { namespace = '', name = '' } = slice.metadata ?? {};
  await client.delete(endpointSlices, namespace, name).catch(ignoreNotFound);
}
