// The EndpointSlice controller: one set of slices per service with a selector.
import { keyOf } from '../client/object-store.ts';
import { endpointSlices, nodes, services } from '../client/resource-ref.ts';
import type { EndpointSlice, Service } from '../objects.ts';
import { canonicalJson } from './deployment-template.ts';
import { endpointGroups, familiesOf } from './endpoints-plan.ts';
import { planSlices, type SliceContent } from './endpointslice-plan.ts';
import { controllerReference, ignoreNotFound } from './ownership.ts';
import { isNamespaceTerminating } from './replicaset.ts';
import type { Controller, ControllerContext } from './runner.ts';
import { lastChange, watchServices } from './service-pods.ts';

const managedBy = 'endpointslice.kubernetes.io/managed-by';
const managerName = 'endpointslice-controller.k8s.io';
const serviceLabel = 'kubernetes.io/service-name';
const triggerAnnotation = 'endpoints.kubernetes.io/last-change-trigger-time';
const headlessLabel = 'service.kubernetes.io/headless';

export const endpointSliceController: Controller = {
  name: 'endpointslice-controller',
  start(context) {
    const { informers } = context;
    const slices = informers.informer(endpointSlices, {
      indexers: {
        service: (slice) => {
          const { labels, namespace } = slice.metadata ?? {};
          const service = labels?.[serviceLabel];
          const own = labels?.[managedBy] === managerName;
          return service === undefined || !own ? [] : [`${namespace}/${service}`];
        },
      },
    });
    const allNodes = informers.informer(nodes);
    const queue = watchServices(context, 'endpointslice', async (service, itsPods) => {
      const groups = endpointGroups(service, itsPods, (name) => allNodes.get('', name));
      const existing = slices.byIndex('service', keyOf(service));
      const plan = planSlices(groups, existing, familiesOf(service));
      const trigger = lastChange(service, itsPods);
      const write = (content: SliceContent) => writeSlice(context, service, content, trigger);
      // Creations first: an endpoint that moves must not be missing in between.
      for (const content of plan.create) await write(content);
      for (const content of plan.update) await write(content);
      for (const { existing: kept, ...content } of plan.keep) {
        const labels = canonicalJson(kept?.metadata?.labels);
        if (labels !== canonicalJson(labelsOf(service)))
          await write({ existing: kept, ...content });
      }
      for (const slice of plan.delete) {
        const { namespace = '', name = '' } = slice.metadata ?? {};
        await context.client.delete(endpointSlices, namespace, name).catch(ignoreNotFound);
      }
    });
    const wake = (slice: EndpointSlice) => {
      const service = slice.metadata?.labels?.[serviceLabel];
      if (slice.metadata?.labels?.[managedBy] !== managerName || service === undefined) return;
      queue.add(`${slice.metadata.namespace}/${service}`);
    };
    slices.subscribe({ update: wake, delete: wake });
    allNodes.subscribe({
      update: (node, old) => {
        const zone = 'topology.kubernetes.io/zone';
        if (node.metadata?.labels?.[zone] === old.metadata?.labels?.[zone]) return;
        for (const key of informers.informer(services).keys()) queue.add(key);
      },
    });
  },
};

function labelsOf(service: Service): Record<string, string> {
  const headless = service.spec?.clusterIP === 'None';
  const { [headlessLabel]: _, ...own } = service.metadata?.labels ?? {};
  return {
    ...own,
    ...(headless ? { [headlessLabel]: '' } : {}),
    [serviceLabel]: service.metadata?.name ?? '',
    [managedBy]: managerName,
  };
}

async function writeSlice(
  context: ControllerContext,
  service: Service,
  content: SliceContent,
  trigger: string | undefined,
): Promise<void> {
  const { existing, addressType, ports, endpoints } = content;
  const { name = '', namespace = '' } = service.metadata ?? {};
  const slice: EndpointSlice = {
    ...existing,
    metadata: {
      ...(existing?.metadata ?? {
        generateName: `${name}-`,
        namespace,
        ownerReferences: [controllerReference(services, service)],
      }),
      labels: labelsOf(service),
      annotations: {
        ...existing?.metadata?.annotations,
        ...(trigger === undefined ? {} : { [triggerAnnotation]: trigger }),
      },
    },
    addressType,
    ports: [...ports],
    endpoints: [...endpoints],
  };
  try {
    if (existing === undefined) await context.client.create(endpointSlices, slice);
    else await context.client.update(endpointSlices, slice);
  } catch (error) {
    if (isNamespaceTerminating(error)) return;
    const message = `Failed to update Endpoint Slices for Service ${keyOf(service)}: ${String(error)}`;
    const reason = 'FailedToUpdateEndpointSlices';
    context.events.event(services, service, 'Warning', reason, message);
    throw error;
  }
}
