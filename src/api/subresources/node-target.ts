// Finds the agent that a pod or node is reached through, with upstream's errors for those that are not.
import type { Node, Pod } from '../../objects.ts';
import { badRequest, internalError, notFound } from '../../status.ts';
import type { NodeAddress } from '../dialer.ts';
import type { ObjectReader } from '../object-reader.ts';

const defaultKubeletPort = 10250;
const addressTypes = ['InternalIP', 'ExternalIP', 'Hostname'] as const;

/** @throws StatusError 404 */
export async function podOf(objects: ObjectReader, namespace: string, name: string): Promise<Pod> {
  const pod = await objects.fresh<Pod>('', 'pods', namespace, name);
  if (pod === undefined) throw notFound({ group: '', resource: 'pods' }, name);
  return pod;
}

/** @throws StatusError 400 when the pod is on no node, 404 when the node is gone */
export async function nodeOfPod(objects: ObjectReader, pod: Pod): Promise<NodeAddress> {
  const nodeName = pod.spec?.nodeName ?? '';
  if (nodeName === '') throw badRequest(`pod ${pod.metadata?.name} does not have a host assigned`);
  return nodeAddress(objects, nodeName);
}

export async function nodeAddress(objects: ObjectReader, name: string): Promise<NodeAddress> {
  const node = await objects.fresh<Node>('', 'nodes', '', name);
  if (node === undefined) throw notFound({ group: '', resource: 'nodes' }, name);
  const addresses = node.status?.addresses ?? [];
  for (const type of addressTypes) {
    const found = addresses.find((each) => each.type === type);
    if (found === undefined) continue;
    const port = node.status?.daemonEndpoints?.kubeletEndpoint?.Port ?? defaultKubeletPort;
    return { node: name, address: found.address, port };
  }
  const wanted = addressTypes.join(' ');
  throw internalError(
    new Error(`no preferred addresses found; known addresses: [] (wanted: ${wanted})`),
  );
}

/**
 * The container that a log or stream is about.
 *
 * @throws StatusError 400 when the choice is not clear or there is no such container
 */
export function containerOf(pod: Pod, asked: string): string {
  const { name } = pod.metadata ?? {};
  const { containers = [], initContainers = [], ephemeralContainers = [] } = pod.spec ?? {};
  if (asked !== '') {
    const all = [...containers, ...initContainers, ...ephemeralContainers];
    if (all.some((each) => each.name === asked)) return asked;
    throw badRequest(`container ${asked} is not valid for pod ${name}`);
  }
  const [only, ...others] = containers;
  if (only === undefined) throw badRequest(`a container name must be specified for pod ${name}`);
  if (others.length === 0) return only.name;
  const list = (each: readonly { name: string }[]) => `[${each.map((one) => one.name).join(' ')}]`;
  let message = `a container name must be specified for pod ${name}, choose one of: ${list(containers)}`;
  if (initContainers.length > 0)
    message += ` or one of the init containers: ${list(initContainers)}`;
  if (ephemeralContainers.length > 0) {
    message += ` or one of the ephemeral containers: ${list(ephemeralContainers)}`;
  }
  throw badRequest(message);
}
