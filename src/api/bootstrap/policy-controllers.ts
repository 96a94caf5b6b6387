// The roles of the controllers, each bound to its own service account in kube-system.
import type { PolicyRule } from '../authorization/rules.ts';
import { eventsRule, read, readUpdate, rule } from './policy-rules.ts';

/** Rules by controller name; the role is `system:controller:<name>`. */
export const controllerRoles: Readonly<Record<string, readonly PolicyRule[]>> = {
  'attachdetach-controller': [
    rule('list watch', 'core', 'persistentvolumes persistentvolumeclaims'),
    rule('get list watch', 'core', 'nodes'),
    rule('list watch', 'core', 'pods'),
    rule('patch update', 'core', 'nodes/status'),
    rule('create delete get list watch', 'storage.k8s.io', 'volumeattachments'),
    rule(read, 'storage.k8s.io', 'csidrivers csinodes'),
    eventsRule,
  ],
  'clusterrole-aggregation-controller': [
    rule(`escalate ${readUpdate}`, 'rbac.authorization.k8s.io', 'clusterroles'),
  ],
  'certificate-controller': [
    rule(`delete ${read}`, 'certificates.k8s.io', 'certificatesigningrequests'),
    rule(
      'update',
      'certificates.k8s.io',
      'certificatesigningrequests/approval certificatesigningrequests/status',
    ),
    // Nodes' serving certificates too are approved here: the agents are the cluster's own.
    rule(
      'approve',
      'certificates.k8s.io',
      'signers',
      'kubernetes.io/kube-apiserver-client-kubelet kubernetes.io/kubelet-serving',
    ),
    rule(
      'sign',
      'certificates.k8s.io',
      'signers',
      'kubernetes.io/kube-apiserver-client-kubelet kubernetes.io/kubelet-serving kubernetes.io/kube-apiserver-client kubernetes.io/legacy-unknown',
    ),
    rule('create', 'authorization.k8s.io', 'subjectaccessreviews'),
    rule(read, 'core', 'nodes'),
    eventsRule,
  ],
  // Keeps kube-dns' Service and its EndpointSlices.
  'cluster-dns-controller': [
    rule(`create ${readUpdate}`, 'core', 'services'),
    rule(`create delete ${readUpdate}`, 'discovery.k8s.io', 'endpointslices'),
    rule('create', 'discovery.k8s.io', 'endpointslices/restricted'),
    rule(read, 'core', 'nodes'),
    eventsRule,
  ],
  'deployment-controller': [
    rule('get list watch update patch', 'apps extensions', 'deployments'),
    rule('update patch', 'apps extensions', 'deployments/status'),
    rule('update', 'apps extensions', 'deployments/finalizers'),
    rule(`create delete ${readUpdate}`, 'apps extensions', 'replicasets'),
    rule(`${read} update`, 'core', 'pods'),
    eventsRule,
  ],
  'disruption-controller': [
    rule(read, 'extensions apps', 'deployments replicasets'),
    rule(read, 'core', 'replicationcontrollers'),
    rule(read, 'policy', 'poddisruptionbudgets'),
    rule(read, 'apps', 'statefulsets'),
    rule('update', 'policy', 'poddisruptionbudgets/status'),
    rule('patch update', 'core', 'pods/status'),
    rule('get', '*', '*/scale'),
    eventsRule,
  ],
  'endpoint-controller': [
    rule(read, 'core', 'pods services'),
    rule('create delete get list update watch', 'core', 'endpoints'),
    rule('create', 'core', 'endpoints/restricted'),
    eventsRule,
  ],
  'endpointslice-controller': [
    rule(read, 'core', 'nodes pods services'),
    rule('update', 'core', 'services/finalizers'),
    rule('create delete get list update watch', 'discovery.k8s.io', 'endpointslices'),
    rule('create', 'discovery.k8s.io', 'endpointslices/restricted'),
    eventsRule,
  ],
  'generic-garbage-collector': [rule(`delete ${readUpdate}`, '*', '*'), eventsRule],
  'namespace-controller': [
    rule('delete get list watch', 'core', 'namespaces'),
    rule('update', 'core', 'namespaces/finalize namespaces/status'),
    rule('delete deletecollection get list watch', '*', '*'),
  ],
  'node-controller': [
    rule('create delete get list patch update watch', 'core', 'nodes'),
    rule('patch update', 'core', 'nodes/status'),
    rule('patch update', 'core', 'pods/status'),
    rule('delete get list watch', 'core', 'pods'),
    rule(read, 'coordination.k8s.io', 'leases'),
    eventsRule,
  ],
  'pod-garbage-collector': [
    rule('delete list watch', 'core', 'pods'),
    rule('get list', 'core', 'nodes'),
    rule('patch', 'core', 'pods/status'),
    rule('watch', 'core', 'nodes'),
  ],
  'replicaset-controller': [
    rule(`${read} update patch`, 'apps extensions', 'replicasets'),
    rule('patch update', 'apps extensions', 'replicasets/status'),
    rule('update', 'apps extensions', 'replicasets/finalizers'),
    rule('create delete list patch watch', 'core', 'pods'),
    rule('get', 'core', 'pods'),
    eventsRule,
  ],
  'replication-controller': [
    rule(`${read} update`, 'core', 'replicationcontrollers'),
    rule('update', 'core', 'replicationcontrollers/finalizers replicationcontrollers/status'),
    rule('create delete get list patch watch', 'core', 'pods'),
    eventsRule,
  ],
  'root-ca-cert-publisher': [
    rule('create get list update watch', 'core', 'configmaps'),
    eventsRule,
    rule(read, 'core', 'namespaces'),
  ],
  'service-account-controller': [
    rule('create get list watch', 'core', 'serviceaccounts'),
    rule(read, 'core', 'namespaces'),
    eventsRule,
  ],
  'service-cidrs-controller': [
    rule('get list watch patch update', 'networking.k8s.io', 'servicecidrs'),
    rule('patch update', 'networking.k8s.io', 'servicecidrs/finalizers servicecidrs/status'),
    rule(read, 'networking.k8s.io', 'ipaddresses'),
    eventsRule,
  ],
};
