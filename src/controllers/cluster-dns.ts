// Keeps kube-dns a Service of the cluster: its address, and one endpoint per node that answers.
import { createHash } from 'node:crypto';
import { keyOf } from '../client/object-store.ts';
import { endpointSlices, nodes, services } from '../client/resource-ref.ts';
import type { EndpointSlice, Node, Service } from '../objects.ts';
import { isReason } from '../status.ts';
import { ignoreNotFound } from './ownership.ts';
import type { Controller, ControllerContext } from './runner.ts';

const namespace = 'kube-system';
const name = 'kube-dns';
/** Where each agent's DNS listens. */
const dnsPort = 10053;
const managedBy = 'endpointslice.kubernetes.io/managed-by';
const serviceLabel = 'kubernetes.io/service-name';
const managerName = 'coracle';

/** Needs `clusterDns`, the Service's address; without it there is no cluster DNS. */
export const clusterDnsController: Controller = {
  name: 'cluster-dns-controller',
  start(context) {
    const { clusterDns } = context.options;
    if (clusterDns === undefined) return;
    const allNodes = context.informers.informer(nodes);
    const slices = context.informers.informer(endpointSlices);
    const allServices = context.informers.informer(services);
    // Keys are the Service's own and, for each node, the name of its slice.
    const serviceKey = `${namespace}/${name}`;
    const queue = context.queue('cluster-dns', async (key) => {
      if (key === serviceKey) {
        if (allServices.get(namespace, name) === undefined)
          await createService(context, clusterDns);
        return undefined;
      }
      const node = allNodes.list().find((each) => sliceName(each.metadata?.name ?? '') === key);
      const known = slices.get(namespace, key);
      await keepSlice(context, key, known, node === undefined ? undefined : sliceOf(node));
      return undefined;
    });
    const wakeNode = (node: Node) => queue.add(sliceName(node.metadata?.name ?? ''));
    allNodes.subscribe({
      add: wakeNode,
      update(next, old) {
        if (JSON.stringify(sliceOf(next)) !== JSON.stringify(sliceOf(old))) wakeNode(next);
      },
      delete: wakeNode,
    });
    const wakeSlice = (slice: EndpointSlice) => {
      const { labels, namespace: where, name: own = '' } = slice.metadata ?? {};
      if (where === namespace && labels?.[managedBy] === managerName) queue.add(own);
    };
    slices.subscribe({ add: wakeSlice, update: wakeSlice, delete: wakeSlice });
    allServices.subscribe({
      delete: (service) => {
        if (keyOf(service) === serviceKey) queue.add(serviceKey);
      },
    });
    context.whenSynced(() => queue.add(serviceKey));
  },
};

/** `kube-dns-<node>`, shortened with a hash where the node's name is too long for it. */
function sliceName(node: string): string {
  const whole = `${name}-${node}`;
  if (whole.length <= 253) return whole;
  const hash = createHash('sha256').update(node).digest('hex').slice(0, 10);
  return `${whole.slice(0, 242)}-${hash}`;
}

async function createService(context: ControllerContext, address: string): Promise<void> {
  const service: Service = {
    metadata: {
      name,
      namespace,
      labels: {
        'k8s-app': name,
        'kubernetes.io/cluster-service': 'true',
        'kubernetes.io/name': 'CoreDNS',
      },
    },
    spec: {
      clusterIP: address,
      trafficDistribution: 'PreferSameNode',
      ports: [
        { name: 'dns', protocol: 'UDP', port: 53, targetPort: dnsPort },
        { name: 'dns-tcp', protocol: 'TCP', port: 53, targetPort: dnsPort },
      ],
    },
  };
  try {
    await context.client.create(services, service);
  } catch (error) {
    if (!isReason(error, 'AlreadyExists')) throw error;
  }
}

/** What a node's slice should say; undefined while the node has no address. */
export function sliceOf(node: Node): EndpointSlice | undefined {
  const { name: nodeName = '', uid = '', labels } = node.metadata ?? {};
  const address = node.status?.addresses?.find(({ type }) => type === 'InternalIP')?.address;
  if (address === undefined) return undefined;
  const ready = node.status?.conditions?.some(
    ({ type, status }) => type === 'Ready' && status === 'True',
  );
  const zone = labels?.['topology.kubernetes.io/zone'];
  return {
    metadata: {
      name: sliceName(nodeName),
      namespace,
      labels: { [managedBy]: managerName, [serviceLabel]: name, 'k8s-app': name },
      ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: nodeName, uid }],
    },
    addressType: address.includes(':') ? 'IPv6' : 'IPv4',
    ports: [
      { name: 'dns', protocol: 'UDP', port: dnsPort },
      { name: 'dns-tcp', protocol: 'TCP', port: dnsPort },
    ],
    endpoints: [
      {
        addresses: [address],
        conditions: { ready: ready === true, serving: ready === true, terminating: false },
        nodeName,
        // Each node asks its own agent; where that is not ready, any other.
        hints: { forNodes: [{ name: nodeName }] },
        ...(zone === undefined ? {} : { zone }),
      },
    ],
  };
}

async function keepSlice(
  context: ControllerContext,
  key: string,
  known: EndpointSlice | undefined,
  wanted: EndpointSlice | undefined,
): Promise<void> {
  const { client } = context;
  if (wanted === undefined) {
    if (known !== undefined) {
      await client.delete(endpointSlices, namespace, key).catch(ignoreNotFound);
    }
  } else if (known === undefined) {
    await client.create(endpointSlices, wanted);
  } else if (known.addressType !== wanted.addressType) {
    // The address type is fixed at creation; the deletion's event makes it anew.
    await client.delete(endpointSlices, namespace, key).catch(ignoreNotFound);
  } else if (!says(known, wanted)) {
    const metadata = {
      ...known.metadata,
      labels: { ...known.metadata?.labels, ...wanted.metadata?.labels },
      ...(wanted.metadata?.ownerReferences && {
        ownerReferences: wanted.metadata.ownerReferences,
      }),
    };
    await client.update(endpointSlices, { ...wanted, metadata });
  }
}

function says(known: EndpointSlice, wanted: EndpointSlice): boolean {
  const text = ({ metadata, endpoints, ports }: EndpointSlice) =>
    JSON.stringify([
      metadata?.labels?.[managedBy],
      metadata?.labels?.[serviceLabel],
      metadata?.ownerReferences?.[0]?.uid,
      endpoints?.map(({ addresses, conditions, nodeName, hints, zone }) => [
        addresses,
        conditions?.ready,
        conditions?.serving,
        nodeName,
        hints?.forNodes?.map((each) => each.name),
        zone,
      ]),
      ports?.map(({ name: own, protocol, port }) => [own, protocol, port]),
    ]);
  return text(known) === text(wanted);
}
