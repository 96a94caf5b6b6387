// The node authorizer: a node sees what is its own and what the pods bound to it refer to.
import type { Pod } from '../../objects.ts';
import type { ResourceStore } from '../../registry/engine/resource-store.ts';
import type { ObjectReader } from '../object-reader.ts';
import type { AuthorizationAttributes, Authorizer, Decision } from './authorizer.ts';
import { claimNames, isAttachedTo, needsSecretOfVolume, usesVolume } from './node-volumes.ts';
import type { PolicyRule } from './rules.ts';
import { ruleAllows } from './rules.ts';

const nodesGroup = 'system:nodes';
const nodeUserPrefix = 'system:node:';
const leaseNamespace = 'kube-node-lease';

/** The node that a user is, by upstream's naming of node identities. */
export function nodeOf(user: AuthorizationAttributes['user']): string | undefined {
  if (!user.name.startsWith(nodeUserPrefix) || !user.groups.includes(nodesGroup)) return undefined;
  const name = user.name.slice(nodeUserPrefix.length);
  return name === '' ? undefined : name;
}

const allow: Decision = { allowed: true, reason: '' };
const noOpinion: Decision = { allowed: false, reason: '' };
// Not a refusal: RBAC may still allow what the graph does not.
const deny = (reason: string): Decision => ({ allowed: false, reason });

/**
 * @param pods the pods' store; what a pod refers to decides which secrets, config maps, claims,
 *   volumes and service account tokens its node may read
 * @param objects claims, volumes and attachments, which lead on from there
 * @param nodeRules of ClusterRole `system:node`, for all that needs no graph
 */
export function createNodeAuthorizer(
  pods: ResourceStore,
  objects: ObjectReader,
  nodeRules: readonly PolicyRule[],
): Authorizer {
  const podsOf = podIndex(pods);
  return {
    authorize(attributes) {
      const node = nodeOf(attributes.user);
      if (node === undefined) return noOpinion;
      const decision = attributes.isResource
        ? authorizeByGraph(node, attributes, podsOf, objects)
        : undefined;
      if (decision !== undefined) return decision;
      return nodeRules.some((rule) => ruleAllows(rule, attributes)) ? allow : noOpinion;
    },
  };
}

type PodsOf = (node: string) => Iterable<Pod>;

/** A decision where what is asked for depends on the node; undefined: the role's rules decide. */
function authorizeByGraph(
  node: string,
  attributes: AuthorizationAttributes,
  podsOf: PodsOf,
  objects: ObjectReader,
): Decision | undefined {
  const resource =
    attributes.group === '' ? attributes.resource : `${attributes.resource}.${attributes.group}`;
  switch (resource) {
    case 'secrets':
    case 'configmaps':
      if (attributes.subresource !== '') return undefined;
      return authorizeReferenced(node, attributes, podsOf, objects);
    case 'persistentvolumeclaims':
    case 'persistentvolumes':
    case 'volumeattachments.storage.k8s.io':
      return authorizeStorage(node, attributes, podsOf, objects);
    case 'csinodes.storage.k8s.io':
      return authorizeCsiNode(node, attributes);
    case 'serviceaccounts':
      return attributes.subresource === 'token' && attributes.verb === 'create'
        ? authorizeToken(node, attributes, podsOf)
        : undefined;
    case 'leases.coordination.k8s.io':
      return authorizeLease(node, attributes);
    case 'pods':
      return authorizePods(node, attributes);
    default:
      return undefined;
  }
}

function authorizeReferenced(
  node: string,
  attributes: AuthorizationAttributes,
  podsOf: PodsOf,
  objects: ObjectReader,
): Decision {
  const { verb, name, namespace, resource } = attributes;
  if (verb !== 'get' && verb !== 'list' && verb !== 'watch') {
    return deny('can only read resources of this type');
  }
  if (name === '') return deny('No Object name found');
  for (const pod of podsOf(node)) {
    const own = pod.metadata?.namespace === namespace;
    if (own && refersTo(pod, resource, name)) return allow;
    // A volume's secret may stand in another namespace.
    if (resource === 'secrets' && needsSecretOfVolume(pod, namespace, name, objects)) return allow;
  }
  return unrelated(node);
}

function unrelated(node: string): Decision {
  return deny(`no relationship found between node '${node}' and this object`);
}

/** Claims, volumes and attachments: one at a time, and only a claim's status is written. */
function authorizeStorage(
  node: string,
  attributes: AuthorizationAttributes,
  podsOf: PodsOf,
  objects: ObjectReader,
): Decision {
  const { verb, name, namespace, resource, subresource } = attributes;
  if (resource === 'persistentvolumeclaims' && subresource === 'status') {
    if (verb !== 'update' && verb !== 'patch') return deny('can only get/update/patch this type');
  } else {
    if (verb !== 'get') return deny('can only get individual resources of this type');
    if (subresource !== '') return deny('cannot get subresource');
  }
  if (name === '') return deny('No Object name found');
  if (resource === 'persistentvolumes') {
    return usesVolume(podsOf(node), name, objects) ? allow : unrelated(node);
  }
  if (resource === 'volumeattachments') {
    return isAttachedTo(node, name, objects) ? allow : unrelated(node);
  }
  for (const pod of podsOf(node)) {
    if (pod.metadata?.namespace === namespace && refersTo(pod, resource, name)) return allow;
  }
  return unrelated(node);
}

function authorizeCsiNode(node: string, attributes: AuthorizationAttributes): Decision {
  const { verb, name, subresource } = attributes;
  if (!['get', 'create', 'update', 'patch', 'delete'].includes(verb)) {
    return deny('can only get, create, update, patch, or delete a CSINode');
  }
  if (subresource !== '') return deny('cannot authorize CSINode subresources');
  // The name of one to be created is in the body, which admission (NodeRestriction) sees.
  if (verb !== 'create' && name !== node) {
    return deny('can only access CSINode with the same name as the requesting node');
  }
  return allow;
}

function authorizeToken(
  node: string,
  attributes: AuthorizationAttributes,
  podsOf: PodsOf,
): Decision {
  for (const pod of podsOf(node)) {
    if (pod.metadata?.namespace !== attributes.namespace) continue;
    if ((pod.spec?.serviceAccountName ?? 'default') === attributes.name) return allow;
  }
  return unrelated(node);
}

function authorizeLease(node: string, attributes: AuthorizationAttributes): Decision {
  if (attributes.namespace !== leaseNamespace) {
    return deny(`can only access leases in the ${JSON.stringify(leaseNamespace)} system namespace`);
  }
  if (!['get', 'create', 'update', 'patch', 'delete'].includes(attributes.verb)) {
    return deny('can only get, create, update, patch, or delete a node lease');
  }
  // The name of a lease to be created is in the body, which admission (NodeRestriction) sees.
  if (attributes.verb !== 'create' && attributes.name !== node) {
    return deny('can only access node lease with the same name as the requesting node');
  }
  return allow;
}

function authorizePods(node: string, attributes: AuthorizationAttributes): Decision | undefined {
  const { verb, subresource, name, fieldSelector = '' } = attributes;
  if (subresource !== '' || (verb !== 'list' && verb !== 'watch') || name !== '') return undefined;
  const own = fieldSelector.split(',').some((each) => each === `spec.nodeName=${node}`);
  return own ? allow : deny('can only list/watch pods with spec.nodeName field selector');
}

/** Every kind of reference that lets a node read an object on behalf of a pod. */
export function refersTo(pod: Pod, resource: string, name: string): boolean {
  if (resource === 'secrets') return secretNames(pod).has(name);
  if (resource === 'configmaps') return configMapNames(pod).has(name);
  return claimNames(pod).includes(name);
}

function containersOf(pod: Pod) {
  const { containers = [], initContainers = [], ephemeralContainers = [] } = pod.spec ?? {};
  return [...containers, ...initContainers, ...ephemeralContainers];
}

function secretNames(pod: Pod): ReadonlySet<string> {
  const names: (string | undefined)[] = (pod.spec?.imagePullSecrets ?? []).map((each) => each.name);
  for (const container of containersOf(pod)) {
    for (const source of container.envFrom ?? []) names.push(source.secretRef?.name);
    for (const variable of container.env ?? []) names.push(variable.valueFrom?.secretKeyRef?.name);
  }
  for (const volume of pod.spec?.volumes ?? []) {
    names.push(volume.secret?.secretName, volume.csi?.nodePublishSecretRef?.name);
    const { azureFile, cephfs, flexVolume, iscsi, rbd, scaleIO, storageos } = volume;
    names.push(azureFile?.secretName);
    for (const source of [cephfs, flexVolume, iscsi, rbd, scaleIO, storageos]) {
      names.push(source?.secretRef?.name);
    }
    for (const source of volume.projected?.sources ?? []) names.push(source.secret?.name);
  }
  return new Set(names.filter((name) => name !== undefined));
}

function configMapNames(pod: Pod): ReadonlySet<string> {
  const names: (string | undefined)[] = [];
  for (const container of containersOf(pod)) {
    for (const source of container.envFrom ?? []) names.push(source.configMapRef?.name);
    for (const variable of container.env ?? [])
      names.push(variable.valueFrom?.configMapKeyRef?.name);
  }
  for (const volume of pod.spec?.volumes ?? []) {
    names.push(volume.configMap?.name);
    for (const source of volume.projected?.sources ?? []) names.push(source.configMap?.name);
  }
  return new Set(names.filter((name) => name !== undefined));
}

/** Pods by node, from the headers that the cache keeps anyway; built anew after a pod has changed. */
function podIndex(pods: ResourceStore): PodsOf {
  let keys: Map<string, string[]> | undefined;
  pods.cache.subscribe(() => {
    keys = undefined;
  });
  return function* podsOf(node) {
    keys ??= indexByNode(pods);
    for (const key of keys.get(node) ?? []) {
      const cached = pods.cache.get(key);
      if (cached !== undefined) yield pods.parse(cached) as Pod;
    }
  };
}

function indexByNode(pods: ResourceStore): Map<string, string[]> {
  const index = new Map<string, string[]>();
  for (const cached of pods.cache.snapshot().range(pods.prefix)) {
    const node = cached.header.fields?.['spec.nodeName'] ?? '';
    if (node === '') continue;
    const known = index.get(node);
    if (known === undefined) index.set(node, [cached.key]);
    else known.push(cached.key);
  }
  return index;
}
