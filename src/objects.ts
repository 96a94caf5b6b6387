// Wire types of Kubernetes objects: the client-node models with dates as the strings they are in JSON.
import type * as k8s from '@kubernetes/client-node';

/**
 * A model type as it travels: every Date an RFC 3339 string, and names that JavaScript reserves
 * (`default`, `from`) without the underscore that the models put before them.
 */
export type Wire<T> = T extends Date
  ? string
  : T extends readonly (infer Item)[]
    ? Wire<Item>[]
    : T extends object
      ? { [Key in keyof T as Key extends `_${infer Name}` ? Name : Key]: Wire<T[Key]> }
      : T;

/** What every persisted object has, whatever its kind. */
export interface KubernetesObject {
  apiVersion?: string;
  kind?: string;
  metadata?: ObjectMeta;
}

export type ObjectMeta = Wire<k8s.V1ObjectMeta>;
export type OwnerReference = Wire<k8s.V1OwnerReference>;
export type ManagedFieldsEntry = Wire<k8s.V1ManagedFieldsEntry>;
export type LabelSelector = Wire<k8s.V1LabelSelector>;

export type Namespace = Wire<k8s.V1Namespace>;
export type Node = Wire<k8s.V1Node>;
export type Pod = Wire<k8s.V1Pod>;
export type PodSpec = Wire<k8s.V1PodSpec>;
export type PodStatus = Wire<k8s.V1PodStatus>;
export type PodTemplateSpec = Wire<k8s.V1PodTemplateSpec>;
export type Container = Wire<k8s.V1Container>;
export type ContainerStatus = Wire<k8s.V1ContainerStatus>;
export type Service = Wire<k8s.V1Service>;
export type Endpoints = Wire<k8s.V1Endpoints>;
export type EndpointSlice = Wire<k8s.V1EndpointSlice>;
export type ConfigMap = Wire<k8s.V1ConfigMap>;
export type Secret = Wire<k8s.V1Secret>;
export type ServiceAccount = Wire<k8s.V1ServiceAccount>;
export type CoreEvent = Wire<k8s.CoreV1Event>;
export type Event = Wire<k8s.EventsV1Event>;
export type Lease = Wire<k8s.V1Lease>;
export type Deployment = Wire<k8s.V1Deployment>;
export type ReplicaSet = Wire<k8s.V1ReplicaSet>;
export type FlowSchema = Wire<k8s.V1FlowSchema>;
export type PriorityLevelConfiguration = Wire<k8s.V1PriorityLevelConfiguration>;
export type DaemonSet = Wire<k8s.V1DaemonSet>;
export type StatefulSet = Wire<k8s.V1StatefulSet>;
export type ControllerRevision = Wire<k8s.V1ControllerRevision>;
export type ReplicationController = Wire<k8s.V1ReplicationController>;
export type PodTemplate = Wire<k8s.V1PodTemplate>;
export type Job = Wire<k8s.V1Job>;
export type JobSpec = Wire<k8s.V1JobSpec>;
export type CronJob = Wire<k8s.V1CronJob>;
export type HorizontalPodAutoscaler = Wire<k8s.V2HorizontalPodAutoscaler>;
export type HorizontalPodAutoscalerV1 = Wire<k8s.V1HorizontalPodAutoscaler>;
export type Role = Wire<k8s.V1Role>;
export type ClusterRole = Wire<k8s.V1ClusterRole>;
export type RoleBinding = Wire<k8s.V1RoleBinding>;
export type ClusterRoleBinding = Wire<k8s.V1ClusterRoleBinding>;
export type CertificateSigningRequest = Wire<k8s.V1CertificateSigningRequest>;
export type Ingress = Wire<k8s.V1Ingress>;
export type IngressClass = Wire<k8s.V1IngressClass>;
export type NetworkPolicy = Wire<k8s.V1NetworkPolicy>;
export type IPAddress = Wire<k8s.V1IPAddress>;
export type ServiceCIDR = Wire<k8s.V1ServiceCIDR>;
export type PodDisruptionBudget = Wire<k8s.V1PodDisruptionBudget>;
export type Eviction = Wire<k8s.V1Eviction>;
export type RuntimeClass = Wire<k8s.V1RuntimeClass>;
export type PriorityClass = Wire<k8s.V1PriorityClass>;
export type TokenReview = Wire<k8s.V1TokenReview>;
export type TokenRequest = Wire<k8s.AuthenticationV1TokenRequest>;
export type SubjectAccessReview = Wire<k8s.V1SubjectAccessReview>;
export type PersistentVolume = Wire<k8s.V1PersistentVolume>;
export type PersistentVolumeClaim = Wire<k8s.V1PersistentVolumeClaim>;
export type StorageClass = Wire<k8s.V1StorageClass>;
export type CSIDriver = Wire<k8s.V1CSIDriver>;
export type CSINode = Wire<k8s.V1CSINode>;
export type CSIStorageCapacity = Wire<k8s.V1CSIStorageCapacity>;
export type VolumeAttachment = Wire<k8s.V1VolumeAttachment>;
export type VolumeAttributesClass = Wire<k8s.V1VolumeAttributesClass>;
export type LimitRange = Wire<k8s.V1LimitRange>;
export type ResourceQuota = Wire<k8s.V1ResourceQuota>;
export type ComponentStatus = Wire<k8s.V1ComponentStatus>;

export type ValidatingWebhookConfiguration = Wire<k8s.V1ValidatingWebhookConfiguration>;
export type MutatingWebhookConfiguration = Wire<k8s.V1MutatingWebhookConfiguration>;
export type ValidatingAdmissionPolicy = Wire<k8s.V1ValidatingAdmissionPolicy>;
export type ValidatingAdmissionPolicyBinding = Wire<k8s.V1ValidatingAdmissionPolicyBinding>;
export type MutatingAdmissionPolicy = Wire<k8s.V1MutatingAdmissionPolicy>;
export type MutatingAdmissionPolicyBinding = Wire<k8s.V1MutatingAdmissionPolicyBinding>;
export type APIService = Wire<k8s.V1APIService>;
export type Condition = Wire<k8s.V1Condition>;
export type ResourceClaim = Wire<k8s.ResourceV1ResourceClaim>;
export type ResourceClaimTemplate = Wire<k8s.V1ResourceClaimTemplate>;
export type DeviceClass = Wire<k8s.V1DeviceClass>;
export type ResourceSlice = Wire<k8s.V1ResourceSlice>;
export type DeviceTaintRule = Wire<k8s.V1beta2DeviceTaintRule>;
export type ResourcePoolStatusRequest = Wire<k8s.V1alpha3ResourcePoolStatusRequest>;
export type LeaseCandidate = Wire<k8s.V1beta1LeaseCandidate>;
export type ClusterTrustBundle = Wire<k8s.V1beta1ClusterTrustBundle>;
export type PodCertificateRequest = Wire<k8s.V1beta1PodCertificateRequest>;
export type StorageVersion = Wire<k8s.V1alpha1StorageVersion>;
export type StorageVersionMigration = Wire<k8s.V1beta1StorageVersionMigration>;
export type PodGroup = Wire<k8s.V1alpha2PodGroup>;
export type Workload = Wire<k8s.V1alpha2Workload>;
