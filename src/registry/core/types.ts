// Names for the parts of core objects that defaulting, validation and tables pass around.
import type { Node, Pod, PodSpec, Service } from '../../objects.ts';

type Item<T> = NonNullable<T> extends readonly (infer Each)[] ? Each : never;

export type Container = Item<PodSpec['containers']>;
export type EphemeralContainer = Item<PodSpec['ephemeralContainers']>;
export type Volume = Item<PodSpec['volumes']>;
export type VolumeMount = Item<Container['volumeMounts']>;
export type VolumeDevice = Item<Container['volumeDevices']>;
export type ContainerPort = Item<Container['ports']>;
export type EnvVar = Item<Container['env']>;
export type EnvFromSource = Item<Container['envFrom']>;
export type Probe = NonNullable<Container['livenessProbe']>;
export type LifecycleHandler = NonNullable<NonNullable<Container['lifecycle']>['postStart']>;
export type HttpGetAction = NonNullable<Probe['httpGet']>;
export type ResourceRequirements = NonNullable<Container['resources']>;
export type ResourceList = Record<string, string>;
export type SecurityContext = NonNullable<Container['securityContext']>;
export type PodSecurityContext = NonNullable<PodSpec['securityContext']>;
export type Affinity = NonNullable<PodSpec['affinity']>;
export type NodeAffinity = NonNullable<Affinity['nodeAffinity']>;
export type NodeSelector = NonNullable<
  NodeAffinity['requiredDuringSchedulingIgnoredDuringExecution']
>;
export type NodeSelectorTerm = Item<NodeSelector['nodeSelectorTerms']>;
export type NodeSelectorRequirement = Item<NodeSelectorTerm['matchExpressions']>;
export type PodAffinity = NonNullable<Affinity['podAffinity']>;
export type PodAffinityTerm = Item<PodAffinity['requiredDuringSchedulingIgnoredDuringExecution']>;
export type Toleration = Item<PodSpec['tolerations']>;
export type TopologySpreadConstraint = Item<PodSpec['topologySpreadConstraints']>;
export type ContainerStatus = Item<NonNullable<Pod['status']>['containerStatuses']>;
export type PodCondition = Item<NonNullable<Pod['status']>['conditions']>;
export type Taint = Item<NonNullable<Node['spec']>['taints']>;
export type ServicePort = Item<NonNullable<Service['spec']>['ports']>;
export type ProjectedVolume = NonNullable<Volume['projected']>;
export type DownwardApiFile = Item<NonNullable<Volume['downwardAPI']>['items']>;
export type KeyToPath = Item<NonNullable<Volume['configMap']>['items']>;
