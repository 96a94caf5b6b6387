// NodeRestriction: a node writes only its own Node, Lease, CSINode and the pods bound to it.
import { isDeepStrictEqual } from 'node:util';
import type { Lease, Node, PersistentVolumeClaim, Pod } from '../../objects.ts';
import { objectDiff } from '../../registry/core/text-diff.ts';
import type { AdmissionAttributes } from '../../registry/engine/types.ts';
import { nodeOf } from '../authorization/node.ts';
import type { ObjectReader } from '../object-reader.ts';
import type { AdmissionParts, AdmissionPlugin } from './plugin.ts';
import { refuse, targetOf } from './plugin.ts';

const mirrorAnnotation = 'kubernetes.io/config.mirror';
const restrictedPrefix = 'node-restriction.kubernetes.io/';
/** Labels of kubernetes.io and k8s.io that a kubelet may set on its own Node. */
const allowedLabels: ReadonlySet<string> = new Set([
  'kubernetes.io/hostname',
  'kubernetes.io/arch',
  'kubernetes.io/os',
  'beta.kubernetes.io/arch',
  'beta.kubernetes.io/os',
  'beta.kubernetes.io/instance-type',
  'node.kubernetes.io/instance-type',
  'failure-domain.beta.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone',
  'topology.kubernetes.io/region',
  'topology.kubernetes.io/zone',
]);
const allowedPrefixes = ['kubelet.kubernetes.io/', 'node.kubernetes.io/'];

export function nodeRestriction({ objects }: AdmissionParts): AdmissionPlugin {
  return {
    name: 'NodeRestriction',
    validate(attributes) {
      const node = nodeOf(attributes.context.user);
      if (node === undefined) return undefined;
      const why = refusal(node, attributes, objects);
      if (why !== undefined) throw refuse(attributes, why);
      return undefined;
    },
  };
}

function refusal(
  node: string,
  attributes: AdmissionAttributes,
  objects: ObjectReader,
): string | undefined {
  switch (targetOf(attributes)) {
    case 'nodes':
    case 'nodes/status':
      return refuseNode(node, attributes);
    case 'leases.coordination.k8s.io':
      return refuseLease(node, attributes);
    case 'pods':
    case 'pods/status':
      return refusePod(node, attributes, objects);
    case 'pods/eviction':
      return refuseEviction(node, attributes, objects);
    case 'persistentvolumeclaims':
      return 'may only update PVC status';
    case 'persistentvolumeclaims/status':
      return refuseClaimStatus(node, attributes);
    case 'csinodes.storage.k8s.io':
      return refuseCsiNode(node, attributes);
    default:
      return undefined;
  }
}

const quoted = (text: string) => JSON.stringify(text);

function refuseNode(me: string, attributes: AdmissionAttributes): string | undefined {
  const { operation } = attributes;
  const next = attributes.object as unknown as Node | undefined;
  const old = attributes.old as unknown as Node | undefined;
  const name = attributes.context.name || (next?.metadata?.name ?? '');
  if (name !== me) return `node ${quoted(me)} is not allowed to modify node ${quoted(name)}`;
  if (operation === 'DELETE') return `node ${quoted(me)} is not allowed to delete itself`;
  const changed = changedLabels(next, old).filter(isForbiddenLabel);
  if (changed.length > 0) {
    return `is not allowed to modify labels: ${changed.sort().join(', ')}`;
  }
  if (operation === 'UPDATE' && !sameTaints(next, old)) {
    return `node ${quoted(me)} is not allowed to modify taints`;
  }
  return undefined;
}

function changedLabels(next: Node | undefined, old: Node | undefined): string[] {
  const [now, before] = [next?.metadata?.labels ?? {}, old?.metadata?.labels ?? {}];
  return [...new Set([...Object.keys(now), ...Object.keys(before)])].filter(
    (key) => now[key] !== before[key],
  );
}

function isForbiddenLabel(key: string): boolean {
  if (key.startsWith(restrictedPrefix)) return true;
  const domain = key.includes('/') ? (key.split('/')[0] ?? '') : '';
  const reserved = ['kubernetes.io', 'k8s.io'].some(
    (each) => domain === each || domain.endsWith(`.${each}`),
  );
  return (
    reserved && !allowedLabels.has(key) && !allowedPrefixes.some((prefix) => key.startsWith(prefix))
  );
}

function sameTaints(next: Node | undefined, old: Node | undefined): boolean {
  return JSON.stringify(next?.spec?.taints ?? []) === JSON.stringify(old?.spec?.taints ?? []);
}

/** A pod that is not there is the eviction's own to answer. */
function refuseEviction(
  me: string,
  { context }: AdmissionAttributes,
  objects: ObjectReader,
): string | undefined {
  const pod = objects.get<Pod>('', 'pods', context.namespace, context.name);
  if (pod === undefined || pod.spec?.nodeName === me) return undefined;
  return `node ${me} can only evict pods with spec.nodeName set to itself`;
}

function refuseLease(me: string, { context, object }: AdmissionAttributes): string | undefined {
  if (context.namespace !== 'kube-node-lease') {
    return `can only access leases in the "kube-node-lease" system namespace`;
  }
  const name = context.name || ((object as unknown as Lease | undefined)?.metadata?.name ?? '');
  return name === me
    ? undefined
    : 'can only access node lease with the same name as the requesting node';
}

function refusePod(
  me: string,
  attributes: AdmissionAttributes,
  objects: ObjectReader,
): string | undefined {
  const { context, operation, object } = attributes;
  if (operation === 'CREATE') {
    const pod = object as unknown as Pod;
    if (pod.metadata?.annotations?.[mirrorAnnotation] === undefined) {
      return `pod does not have ${quoted(mirrorAnnotation)} annotation, node ${quoted(me)} can only create mirror pods`;
    }
    return pod.spec?.nodeName === me
      ? undefined
      : `node ${quoted(me)} can only create pods with spec.nodeName set to itself`;
  }
  const pod =
    (attributes.old as unknown as Pod | undefined) ??
    objects.get<Pod>('', 'pods', context.namespace, context.name);
  if (pod === undefined || pod.spec?.nodeName === me) return undefined;
  return operation === 'DELETE'
    ? `node ${quoted(me)} can only delete pods with spec.nodeName set to itself`
    : `node ${quoted(me)} can only update pod status for pods with spec.nodeName set to itself`;
}

function refuseCsiNode(me: string, attributes: AdmissionAttributes): string | undefined {
  const { operation, object, context } = attributes;
  const name = operation === 'CREATE' ? object?.metadata.name : context.name;
  if (name === me) return undefined;
  return 'can only access CSINode with the same name as the requesting node';
}

/** A kubelet says how far a claim has grown, and nothing else. */
function refuseClaimStatus(me: string, attributes: AdmissionAttributes): string | undefined {
  const { operation, object, old } = attributes;
  if (operation !== 'UPDATE') return `unexpected operation ${quoted(operation)}`;
  const [next, before] = [withoutGrowth(object), withoutGrowth(old)];
  if (isDeepStrictEqual(next, before)) return undefined;
  return (
    `node ${quoted(me)} is not allowed to update fields other than status.quantity and ` +
    `status.conditions: ${objectDiff(before, next)}`
  );
}

function withoutGrowth(object: unknown): object {
  const { metadata, status, ...claim } = object as PersistentVolumeClaim;
  const { resourceVersion: _r, managedFields: _m, ...meta } = metadata ?? {};
  const {
    capacity: _c,
    conditions: _o,
    allocatedResources: _a,
    allocatedResourceStatuses: _s,
    ...rest
  } = status ?? {};
  return { ...claim, metadata: meta, status: rest };
}

interface TokenBinding {
  readonly apiVersion?: string | undefined;
  readonly kind?: string | undefined;
  readonly name?: string | undefined;
  readonly uid?: string | undefined;
}

/** Why a node may not have a service account's token; nodes get them for their own pods only. */
export async function nodeTokenRefusal(
  me: string,
  namespace: string,
  bound: TokenBinding | undefined,
  objects: ObjectReader,
): Promise<string | undefined> {
  const name = bound?.name ?? '';
  if (bound?.apiVersion !== 'v1' || bound.kind !== 'Pod' || name === '') {
    return 'node requested token not bound to a pod';
  }
  const uid = bound.uid ?? '';
  if (uid === '') return 'node requested token with a pod binding without a uid';
  const pod = await objects.fresh<Pod>('', 'pods', namespace, name);
  if (pod === undefined) return `pod ${quoted(name)} not found`;
  if (pod.metadata?.uid !== uid) {
    return (
      `the UID in the bound object reference (${uid}) does not match the UID in record. ` +
      'The object might have been deleted and then recreated'
    );
  }
  if (pod.spec?.nodeName === me) return undefined;
  return 'node requested token bound to a pod scheduled on a different node';
}
