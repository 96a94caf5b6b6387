// The Endpoints controller: the old v1 form of a service's endpoints.
import { endpoints, nodes, services } from '../client/resource-ref.ts';
import type { Endpoints, Pod, Service } from '../objects.ts';
import { isReason } from '../status.ts';
import { canonicalJson } from './deployment-template.ts';
import { endpointGroups, familiesOf } from './endpoints-plan.ts';
import { ignoreNotFound } from './ownership.ts';
import { isNamespaceTerminating } from './replicaset.ts';
import type { Controller } from './runner.ts';
import { lastChange, watchServices } from './service-pods.ts';

/** Addresses of one Endpoints object; more are left out and the object says so. */
const addressesMax = 1000;
const capacityAnnotation = 'endpoints.kubernetes.io/over-capacity';
const triggerAnnotation = 'endpoints.kubernetes.io/last-change-trigger-time';
const headlessLabel = 'service.kubernetes.io/headless';
const managedByLabel = 'endpoints.kubernetes.io/managed-by';

type Subset = NonNullable<Endpoints['subsets']>[number];
type Address = NonNullable<Subset['addresses']>[number];

export const endpointsController: Controller = {
  name: 'endpoint-controller',
  start(context) {
    const { client, informers, events } = context;
    const own = informers.informer(endpoints);
    const allNodes = informers.informer(nodes);
    const sync = async (service: Service, itsPods: readonly Pod[]) => {
      const { name = '', namespace = '' } = service.metadata ?? {};
      const known = own.get(namespace, name);
      const { subsets, truncated } = subsetsOf(service, itsPods, (each) => allNodes.get('', each));
      const labels = labelsOf(service);
      const same =
        canonicalJson(known?.subsets ?? []) === canonicalJson(subsets) &&
        canonicalJson(known?.metadata?.labels) === canonicalJson(labels) &&
        (known?.metadata?.annotations?.[capacityAnnotation] !== undefined) === truncated;
      if (known !== undefined && same) return;
      const { [capacityAnnotation]: _, ...kept } = known?.metadata?.annotations ?? {};
      const trigger = lastChange(service, itsPods);
      const annotations = {
        ...kept,
        ...(trigger === undefined ? {} : { [triggerAnnotation]: trigger }),
        ...(truncated ? { [capacityAnnotation]: 'truncated' } : {}),
      };
      const object: Endpoints = {
        ...known,
        metadata: { ...known?.metadata, name, namespace, labels, annotations },
        subsets: [...subsets],
      };
      try {
        if (known === undefined) await client.create(endpoints, object);
        else await client.update(endpoints, object);
      } catch (error) {
        if (isNamespaceTerminating(error)) return;
        if (!isReason(error, 'Conflict')) {
          const reason = known === undefined ? 'FailedToCreateEndpoint' : 'FailedToUpdateEndpoint';
          const verb = known === undefined ? 'create' : 'update';
          const message = `Failed to ${verb} endpoint ${namespace}/${name}: ${String(error)}`;
          events.event(services, service, 'Warning', reason, message);
        }
        throw error;
      }
    };
    const queue = watchServices(context, 'endpoint', sync, async (namespace, name) => {
      if (own.get(namespace, name)?.metadata?.labels?.[managedByLabel] === undefined) return;
      await client.delete(endpoints, namespace, name).catch(ignoreNotFound);
    });
    const wake = (each: Endpoints) => {
      queue.add(`${each.metadata?.namespace}/${each.metadata?.name}`);
    };
    own.subscribe({ add: wake, delete: wake });
  },
};

function labelsOf(service: Service): Record<string, string> {
  const { [headlessLabel]: _, ...labels } = service.metadata?.labels ?? {};
  const headless = service.spec?.clusterIP === 'None' || service.spec?.clusterIP === '';
  return {
    ...labels,
    ...(headless ? { [headlessLabel]: '' } : {}),
    [managedByLabel]: 'endpoint-controller',
  };
}

/** Subsets of the service's first family; terminating pods are left out, as v1 has no word for them. */
export function subsetsOf(
  service: Service,
  itsPods: readonly Pod[],
  nodeOf: Parameters<typeof endpointGroups>[2],
): { readonly subsets: readonly Subset[]; readonly truncated: boolean } {
  const [family] = familiesOf(service);
  const publishAll = service.spec?.publishNotReadyAddresses === true;
  const living = itsPods.filter((pod) => pod.metadata?.deletionTimestamp === undefined);
  const groups = endpointGroups(service, living, nodeOf).filter(
    (each) => each.addressType === family,
  );
  let room = addressesMax;
  let truncated = false;
  const subsets: Subset[] = [];
  for (const group of groups) {
    const ready: Address[] = [];
    const notReady: Address[] = [];
    for (const endpoint of group.endpoints) {
      if (room <= 0) truncated = true;
      if (room-- <= 0) continue;
      const { addresses, hostname, nodeName, targetRef } = endpoint;
      const address: Address = {
        ip: addresses[0] ?? '',
        ...(hostname === undefined ? {} : { hostname }),
        ...(nodeName === undefined ? {} : { nodeName }),
        ...(targetRef === undefined ? {} : { targetRef }),
      };
      (publishAll || endpoint.conditions?.ready === true ? ready : notReady).push(address);
    }
    const byIp = (a: Address, b: Address) => (a.ip < b.ip ? -1 : 1);
    const ports = group.ports.map(({ name = '', port = 0, protocol = 'TCP', appProtocol }) => ({
      ...(name === '' ? {} : { name }),
      port,
      protocol,
      ...(appProtocol === undefined ? {} : { appProtocol }),
    }));
    subsets.push({
      ...(ready.length === 0 ? {} : { addresses: ready.sort(byIp) }),
      ...(notReady.length === 0 ? {} : { notReadyAddresses: notReady.sort(byIp) }),
      ...(ports.length === 0 ? {} : { ports }),
    });
  }
  return { subsets, truncated };
}
