// Typed names of the resources that controllers, scheduler and nodes use.
import type * as objects from '../objects.ts';

/** A resource as a client addresses it; `T` is what its objects are. */
export interface ResourceRef<T extends objects.KubernetesObject> {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
  /** Ask for PartialObjectMetadata: objects carry their metadata only. */
  readonly metadataOnly?: boolean;
  /** Never set: carries the type. */
  readonly object?: T;
}

function ref<T extends objects.KubernetesObject>(
  groupVersion: string,
  kind: string,
  plural: string,
  namespaced = true,
): ResourceRef<T> {
  const [version = '', group = ''] = groupVersion.split('/').reverse();
  return { group, version, kind, plural, namespaced };
}

/** The same resource, but only its objects' metadata is fetched. */
export function metadataOf(resource: ResourceRef<objects.KubernetesObject>): MetadataRef {
  const { group, version, kind, plural, namespaced } = resource;
  return { group, version, kind, plural, namespaced, metadataOnly: true };
}

export type MetadataRef = ResourceRef<objects.KubernetesObject>;

/** `apiVersion` as objects of the resource carry it. */
export function apiVersionOf(resource: {
  readonly group: string;
  readonly version: string;
}): string {
  return resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
}

export const namespaces = ref<objects.Namespace>('v1', 'Namespace', 'namespaces', false);
export const nodes = ref<objects.Node>('v1', 'Node', 'nodes', false);
export const pods = ref<objects.Pod>('v1', 'Pod', 'pods');
export const services = ref<objects.Service>('v1', 'Service', 'services');
export const endpoints = ref<objects.Endpoints>('v1', 'Endpoints', 'endpoints');
export const configMaps = ref<objects.ConfigMap>('v1', 'ConfigMap', 'configmaps');
export const secrets = ref<objects.Secret>('v1', 'Secret', 'secrets');
export const serviceAccounts = ref<objects.ServiceAccount>(
  'v1',
  'ServiceAccount',
  'serviceaccounts',
);
export const coreEvents = ref<objects.CoreEvent>('v1', 'Event', 'events');
export const events = ref<objects.Event>('events.k8s.io/v1', 'Event', 'events');
export const leases = ref<objects.Lease>('coordination.k8s.io/v1', 'Lease', 'leases');
export const deployments = ref<objects.Deployment>('apps/v1', 'Deployment', 'deployments');
export const replicaSets = ref<objects.ReplicaSet>('apps/v1', 'ReplicaSet', 'replicasets');
export const podDisruptionBudgets = ref<objects.PodDisruptionBudget>(
  'policy/v1',
  'PodDisruptionBudget',
  'poddisruptionbudgets',
);
export const serviceCidrs = ref<objects.ServiceCIDR>(
  'networking.k8s.io/v1',
  'ServiceCIDR',
  'servicecidrs',
  false,
);
export const ipAddresses = ref<objects.IPAddress>(
  'networking.k8s.io/v1',
  'IPAddress',
  'ipaddresses',
  false,
);
export const persistentVolumes = ref<objects.PersistentVolume>(
  'v1',
  'PersistentVolume',
  'persistentvolumes',
  false,
);
export const persistentVolumeClaims = ref<objects.PersistentVolumeClaim>(
  'v1',
  'PersistentVolumeClaim',
  'persistentvolumeclaims',
);
export const volumeAttributesClasses = ref<objects.VolumeAttributesClass>(
  'storage.k8s.io/v1',
  'VolumeAttributesClass',
  'volumeattributesclasses',
  false,
);
export const statefulSets = ref<objects.StatefulSet>('apps/v1', 'StatefulSet', 'statefulsets');
export const replicationControllers = ref<objects.ReplicationController>(
  'v1',
  'ReplicationController',
  'replicationcontrollers',
);
export const endpointSlices = ref<objects.EndpointSlice>(
  'discovery.k8s.io/v1',
  'EndpointSlice',
  'endpointslices',
);
export const certificateSigningRequests = ref<objects.CertificateSigningRequest>(
  'certificates.k8s.io/v1',
  'CertificateSigningRequest',
  'certificatesigningrequests',
  false,
);
export const clusterRoleBindings = ref<objects.ClusterRoleBinding>(
  'rbac.authorization.k8s.io/v1',
  'ClusterRoleBinding',
  'clusterrolebindings',
  false,
);
export const clusterRoles = ref<objects.ClusterRole>(
  'rbac.authorization.k8s.io/v1',
  'ClusterRole',
  'clusterroles',
  false,
);
