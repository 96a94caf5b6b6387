// A small valid object of each kind that the differential test looks at, in YAML's flow style.
import { parse } from 'yaml';

const text = `
[core/configmaps, ConfigMap, {data: {a: '1'}}]
[core/secrets, Secret, {stringData: {a: '1'}}]
[core/serviceaccounts, ServiceAccount, {automountServiceAccountToken: false}]
[core/pods, Pod, {spec: POD}]
[core/podtemplates, PodTemplate, {template: TEMPLATE}]
[core/replicationcontrollers, ReplicationController, {spec: {template: TEMPLATE}}]
[core/services, Service, {spec: {ports: [{port: 80}], selector: {a: b}}}]
[core/endpoints, Endpoints, {subsets: [{addresses: [{ip: 1.2.3.4}]}]}]
[core/limitranges, LimitRange, {spec: {limits: [{type: Pod}]}}]
[core/resourcequotas, ResourceQuota, {spec: {hard: {pods: '5'}}}]
[core/persistentvolumeclaims, PersistentVolumeClaim, {spec: CLAIM}]
[apps/deployments, Deployment, {spec: {selector: SELECTOR, template: TEMPLATE}}]
[apps/replicasets, ReplicaSet, {spec: {selector: SELECTOR, template: TEMPLATE}}]
[apps/daemonsets, DaemonSet, {spec: {selector: SELECTOR, template: TEMPLATE}}]
[apps/statefulsets, StatefulSet, {spec: {selector: SELECTOR, template: TEMPLATE}}]
[batch/jobs, Job, {spec: {template: ONCE}}]
[batch/cronjobs, CronJob, {spec: {schedule: '@daily', jobTemplate: {spec: {template: ONCE}}}}]
[policy/poddisruptionbudgets, PodDisruptionBudget, {spec: {selector: SELECTOR}}]
[coordination.k8s.io/leases, Lease, {spec: {holderIdentity: h}}]
[discovery.k8s.io/endpointslices, EndpointSlice, {addressType: IPv4}]
[networking.k8s.io/networkpolicies, NetworkPolicy, {spec: {podSelector: {}}}]
[rbac.authorization.k8s.io/roles, Role, {rules: [{apiGroups: [''], resources: [a], verbs: [get]}]}]
[rbac.authorization.k8s.io/rolebindings, RoleBinding, {roleRef: {kind: ClusterRole, name: view}}]
[storage.k8s.io/storageclasses, StorageClass, {provisioner: a.b/c}, cluster]
[scheduling.k8s.io/priorityclasses, PriorityClass, {value: 5}, cluster]
[node.k8s.io/runtimeclasses, RuntimeClass, {handler: h}, cluster]
`;

const words: Readonly<Record<string, string>> = {
  ONCE: '{spec: {containers: [{name: c, image: i}], restartPolicy: Never}}',
  TEMPLATE: '{metadata: {labels: {a: b}}, spec: POD}',
  POD: '{containers: [{name: c, image: i}]}',
  SELECTOR: '{matchLabels: {a: b}}',
  CLAIM: '{accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}',
};

function spelled(line: string): string {
  return Object.entries(words).reduce((now, [word, by]) => now.replaceAll(word, by), line);
}

export interface Kind {
  readonly collection: string;
  readonly apiVersion: string;
  readonly kind: string;
  /** All of the object but its type and metadata. */
  readonly fields: object;
}

export const kinds: readonly Kind[] = text
  .trim()
  .split('\n')
  .map((line) => {
    const [place, kind, fields, scope] = parse(spelled(line)) as [string, string, object, string?];
    const [group = '', plural = ''] = place.split('/');
    const apiVersion = group === 'core' ? 'v1' : `${group}/v1`;
    const base = group === 'core' ? '/api/v1' : `/apis/${apiVersion}`;
    const namespace = scope === 'cluster' ? '' : '/namespaces/{ns}';
    return { collection: `${base}${namespace}/${plural}`, apiVersion, kind, fields };
  });
