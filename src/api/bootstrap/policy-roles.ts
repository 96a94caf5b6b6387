// The cluster roles that every Kubernetes cluster starts with, and who is bound to them.
import type { PolicyRule } from '../authorization/rules.ts';
import { eventsRule, read, readUpdate, rule, urls, write } from './policy-rules.ts';

/** A bootstrap ClusterRole; `aggregateTo` names the roles that include it. */
export interface BootstrapRole {
  readonly name: string;
  readonly rules?: readonly PolicyRule[];
  /** Label selectors' one label: `rbac.authorization.k8s.io/aggregate-to-<this>: "true"`. */
  readonly aggregates?: readonly string[];
  readonly aggregateTo?: string;
}

export interface BootstrapBinding {
  readonly name: string;
  readonly role: string;
  readonly groups?: readonly string[];
  readonly users?: readonly string[];
  /** `namespace/name`. */
  readonly serviceAccounts?: readonly string[];
}

const workloads =
  'daemonsets deployments deployments/scale replicasets replicasets/scale statefulsets statefulsets/scale';
const workloadStatus =
  'daemonsets/status deployments/status replicasets/status statefulsets/status controllerrevisions';
const networkPolicies = 'ingresses networkpolicies';

const adminRules: readonly PolicyRule[] = [
  rule('create', 'authorization.k8s.io', 'localsubjectaccessreviews'),
  rule(`${read} ${write}`, 'rbac.authorization.k8s.io', 'roles rolebindings'),
];

/** The old group of these kinds, which upstream's roles still name. */
const extensionWorkloads =
  'daemonsets deployments deployments/scale replicasets replicasets/scale replicationcontrollers/scale';

const editRules: readonly PolicyRule[] = [
  rule(read, 'core', 'pods/attach pods/proxy secrets services/proxy'),
  rule('impersonate', 'core', 'serviceaccounts'),
  rule(write, 'core', 'pods pods/attach pods/exec pods/portforward pods/proxy'),
  rule('create', 'core', 'pods/eviction'),
  rule(
    write,
    'core',
    'configmaps events persistentvolumeclaims replicationcontrollers replicationcontrollers/scale secrets serviceaccounts services services/proxy',
  ),
  rule('create', 'core', 'serviceaccounts/token'),
  rule(write, 'apps', `${workloads} deployments/rollback`),
  rule(write, 'autoscaling', 'horizontalpodautoscalers'),
  rule(write, 'batch', 'cronjobs jobs'),
  rule(write, 'extensions networking.k8s.io', networkPolicies),
  rule(write, 'policy', 'poddisruptionbudgets'),
  rule(`${read} ${write}`, 'coordination.k8s.io', 'leases'),
  rule(read, 'core', 'pods/exec pods/portforward'),
  rule(write, 'events.k8s.io', 'events'),
  rule(write, 'extensions', `${extensionWorkloads} deployments/rollback`),
  rule(write, 'resource.k8s.io', 'resourceclaims resourceclaimtemplates'),
];

const viewRules: readonly PolicyRule[] = [
  rule(
    read,
    'core',
    'configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods replicationcontrollers replicationcontrollers/scale serviceaccounts services services/status',
  ),
  rule(
    read,
    'core',
    'bindings events limitranges namespaces/status pods/log pods/status replicationcontrollers/status resourcequotas resourcequotas/status',
  ),
  rule(read, 'core', 'namespaces'),
  rule(read, 'discovery.k8s.io', 'endpointslices'),
  rule(read, 'apps', `${workloads} ${workloadStatus}`),
  rule(read, 'autoscaling', 'horizontalpodautoscalers horizontalpodautoscalers/status'),
  rule(read, 'batch', 'cronjobs cronjobs/status jobs jobs/status'),
  rule(read, 'extensions networking.k8s.io', `${networkPolicies} ingresses/status`),
  rule(read, 'policy', 'poddisruptionbudgets poddisruptionbudgets/status'),
  rule(read, 'events.k8s.io', 'events'),
  rule(read, 'extensions', extensionWorkloads),
  rule(read, 'extensions', 'daemonsets/status deployments/status replicasets/status'),
  rule(read, 'resource.k8s.io', 'resourceclaims resourceclaims/status resourceclaimtemplates'),
];

/** What the node authorizer allows beyond its graph; the same rules as role `system:node`. */
export const nodeRules: readonly PolicyRule[] = [
  rule('create', 'authentication.k8s.io', 'tokenreviews'),
  rule('create', 'authorization.k8s.io', 'localsubjectaccessreviews subjectaccessreviews'),
  rule(read, 'core', 'services'),
  rule(`create ${read}`, 'core', 'nodes'),
  rule('patch update', 'core', 'nodes/status'),
  rule('patch update', 'core', 'nodes'),
  eventsRule,
  rule(`${read} create delete`, 'core', 'pods'),
  rule('patch update', 'core', 'pods/status'),
  rule('create', 'core', 'pods/eviction'),
  rule(read, 'core', 'configmaps secrets'),
  rule('get', 'core', 'persistentvolumeclaims persistentvolumes'),
  rule('get', 'core', 'endpoints serviceaccounts'),
  rule(`${read} create`, 'certificates.k8s.io', 'certificatesigningrequests'),
  rule('create', 'core', 'serviceaccounts/token'),
  rule('get update patch', 'core', 'persistentvolumeclaims/status'),
  rule('get', 'storage.k8s.io', 'volumeattachments'),
  rule(read, 'storage.k8s.io', 'csidrivers'),
  rule('get create update patch delete', 'storage.k8s.io', 'csinodes'),
  rule('create delete get patch update', 'coordination.k8s.io', 'leases'),
  rule(read, 'node.k8s.io', 'runtimeclasses'),
  rule('get', 'resource.k8s.io', 'resourceclaims'),
  rule('deletecollection', 'resource.k8s.io', 'resourceslices'),
  rule(`${read} create update patch delete`, 'resource.k8s.io', 'resourceslices'),
];

const schedulerRules: readonly PolicyRule[] = [
  eventsRule,
  rule('create', 'coordination.k8s.io', 'leases'),
  rule('get list update watch', 'coordination.k8s.io', 'leases', 'kube-scheduler'),
  rule(`${read} ${write}`, 'coordination.k8s.io', 'leasecandidates'),
  rule(read, 'core', 'nodes'),
  rule('delete get list watch', 'core', 'pods'),
  rule('create', 'core', 'bindings pods/binding'),
  rule('patch update', 'core', 'pods/status'),
  rule(read, 'core', 'replicationcontrollers services namespaces'),
  rule(read, 'apps extensions', 'replicasets'),
  rule(read, 'apps', 'statefulsets'),
  rule(read, 'policy', 'poddisruptionbudgets'),
  rule('update', 'core', 'pods/finalizers'),
  rule(read, 'core', 'persistentvolumeclaims persistentvolumes'),
  rule('create', 'authentication.k8s.io', 'tokenreviews'),
  rule('create', 'authorization.k8s.io', 'subjectaccessreviews'),
  rule(read, 'storage.k8s.io', 'csidrivers csinodes csistoragecapacities volumeattachments'),
  rule(`create ${readUpdate} delete`, 'resource.k8s.io', 'resourceclaims'),
  rule(readUpdate, 'resource.k8s.io', 'resourceclaims/status'),
  rule('patch update', 'resource.k8s.io', 'resourceclaims/binding'),
  rule(read, 'resource.k8s.io', 'deviceclasses resourceslices'),
];

const controllerManagerRules: readonly PolicyRule[] = [
  eventsRule,
  rule('create', 'coordination.k8s.io', 'leases'),
  rule('get update', 'coordination.k8s.io', 'leases', 'kube-controller-manager'),
  rule('create', 'core', 'secrets serviceaccounts'),
  rule('delete', 'core', 'secrets'),
  rule('get', 'core', 'configmaps namespaces secrets serviceaccounts'),
  rule('update', 'core', 'secrets serviceaccounts'),
  rule('create', 'authentication.k8s.io', 'tokenreviews'),
  rule('create', 'authorization.k8s.io', 'subjectaccessreviews'),
  rule('list watch', '*', '*'),
  rule('create', 'core', 'serviceaccounts/token'),
];

const discoveryPaths =
  '/api /api/* /apis /apis/* /healthz /livez /openapi /openapi/* /readyz /version /version/';

/** Roles that are not a controller's. */
export const clusterRoles: readonly BootstrapRole[] = [
  { name: 'cluster-admin', rules: [rule('*', '*', '*'), urls('*', '*')] },
  { name: 'system:discovery', rules: [urls('get', discoveryPaths)] },
  {
    name: 'system:monitoring',
    rules: [
      urls(
        'get',
        '/flagz /healthz /healthz/* /livez /livez/* /metrics /metrics/slis /readyz /readyz/* /statusz',
      ),
      rule('get', 'core', 'nodes/metrics'),
    ],
  },
  {
    name: 'system:basic-user',
    rules: [
      rule('create', 'authorization.k8s.io', 'selfsubjectaccessreviews selfsubjectrulesreviews'),
      rule('create', 'authentication.k8s.io', 'selfsubjectreviews'),
    ],
  },
  {
    name: 'system:public-info-viewer',
    rules: [urls('get', '/healthz /livez /readyz /version /version/')],
  },
  { name: 'admin', aggregates: ['admin'] },
  { name: 'edit', aggregates: ['edit'], aggregateTo: 'admin' },
  { name: 'view', aggregates: ['view'], aggregateTo: 'edit' },
  { name: 'system:aggregate-to-admin', rules: adminRules, aggregateTo: 'admin' },
  { name: 'system:aggregate-to-edit', rules: editRules, aggregateTo: 'edit' },
  { name: 'system:aggregate-to-view', rules: viewRules, aggregateTo: 'view' },
  {
    name: 'system:heapster',
    rules: [
      rule(read, 'core', 'events namespaces nodes pods'),
      rule(read, 'extensions', 'deployments'),
    ],
  },
  { name: 'system:node', rules: nodeRules },
  {
    name: 'system:node-problem-detector',
    rules: [rule('get', 'core', 'nodes'), rule('patch', 'core', 'nodes/status'), eventsRule],
  },
  {
    name: 'system:kubelet-api-admin',
    rules: [
      rule(read, 'core', 'nodes'),
      rule('proxy', 'core', 'nodes'),
      rule(
        '*',
        'core',
        'nodes/configz nodes/healthz nodes/log nodes/metrics nodes/pods nodes/proxy nodes/stats',
      ),
    ],
  },
  {
    name: 'system:node-bootstrapper',
    rules: [rule(`create ${read}`, 'certificates.k8s.io', 'certificatesigningrequests')],
  },
  {
    name: 'system:auth-delegator',
    rules: [
      rule('create', 'authentication.k8s.io', 'tokenreviews'),
      rule('create', 'authorization.k8s.io', 'subjectaccessreviews'),
    ],
  },
  { name: 'system:kube-aggregator', rules: [rule(read, 'core', 'endpoints services')] },
  { name: 'system:kube-controller-manager', rules: controllerManagerRules },
  { name: 'system:kube-dns', rules: [rule('list watch', 'core', 'endpoints services')] },
  {
    name: 'system:persistent-volume-provisioner',
    rules: [
      rule('create delete get list watch', 'core', 'persistentvolumes'),
      rule('get list update watch', 'core', 'persistentvolumeclaims'),
      rule(read, 'storage.k8s.io', 'storageclasses'),
      rule('watch', 'core', 'events'),
      eventsRule,
    ],
  },
  {
    name: 'system:certificates.k8s.io:certificatesigningrequests:nodeclient',
    rules: [rule('create', 'certificates.k8s.io', 'certificatesigningrequests/nodeclient')],
  },
  {
    name: 'system:certificates.k8s.io:certificatesigningrequests:selfnodeclient',
    rules: [rule('create', 'certificates.k8s.io', 'certificatesigningrequests/selfnodeclient')],
  },
  {
    name: 'system:volume-scheduler',
    rules: [
      rule(readUpdate, 'core', 'persistentvolumes'),
      rule(read, 'storage.k8s.io', 'storageclasses'),
      rule(readUpdate, 'core', 'persistentvolumeclaims'),
    ],
  },
  ...[
    'legacy-unknown',
    'kubelet-serving',
    'kube-apiserver-client',
    'kube-apiserver-client-kubelet',
  ].map((signer) => ({
    name: `system:certificates.k8s.io:${signer}-approver`,
    rules: [rule('approve', 'certificates.k8s.io', 'signers', `kubernetes.io/${signer}`)],
  })),
  {
    name: 'system:node-proxier',
    rules: [
      rule('list watch', 'core', 'endpoints services'),
      rule(read, 'core', 'nodes'),
      eventsRule,
      rule('list watch', 'networking.k8s.io', 'servicecidrs'),
      rule('list watch', 'discovery.k8s.io', 'endpointslices'),
    ],
  },
  { name: 'system:kube-scheduler', rules: schedulerRules },
  {
    name: 'system:service-account-issuer-discovery',
    rules: [
      urls(
        'get',
        '/.well-known/openid-configuration /.well-known/openid-configuration/ /openid/v1/jwks /openid/v1/jwks/',
      ),
    ],
  },
  // Coracle's agents are kubelet, proxy and DNS in one; they also pull from the server's registry.
  {
    name: 'coracle:agent',
    rules: [
      rule('list watch', 'core', 'namespaces endpoints services nodes'),
      rule('list watch', 'discovery.k8s.io', 'endpointslices'),
      rule('create patch update', 'events.k8s.io', 'events'),
      urls('get head', '/coracle/registry/*'),
    ],
  },
  // One process plays all simulated nodes, so no graph of references can stand for its rights.
  {
    name: 'coracle:simulated-nodes',
    rules: [...nodeRules, rule(read, 'core', 'configmaps secrets'), eventsRule],
  },
];

const authenticated = 'system:authenticated';
const bootstrappers = 'system:bootstrappers';

export const clusterRoleBindings: readonly BootstrapBinding[] = [
  { name: 'cluster-admin', role: 'cluster-admin', groups: ['system:masters'] },
  { name: 'system:monitoring', role: 'system:monitoring', groups: ['system:monitoring'] },
  { name: 'system:discovery', role: 'system:discovery', groups: [authenticated] },
  { name: 'system:basic-user', role: 'system:basic-user', groups: [authenticated] },
  {
    name: 'system:public-info-viewer',
    role: 'system:public-info-viewer',
    groups: [authenticated, 'system:unauthenticated'],
  },
  { name: 'system:node-proxier', role: 'system:node-proxier', users: ['system:kube-proxy'] },
  {
    name: 'system:kube-controller-manager',
    role: 'system:kube-controller-manager',
    users: ['system:kube-controller-manager'],
  },
  { name: 'system:kube-dns', role: 'system:kube-dns', serviceAccounts: ['kube-system/kube-dns'] },
  {
    name: 'system:kube-scheduler',
    role: 'system:kube-scheduler',
    users: ['system:kube-scheduler'],
  },
  {
    name: 'system:volume-scheduler',
    role: 'system:volume-scheduler',
    users: ['system:kube-scheduler'],
  },
  // The node authorizer decides for nodes; the binding exists without subjects, as upstream's.
  { name: 'system:node', role: 'system:node' },
  {
    name: 'system:service-account-issuer-discovery',
    role: 'system:service-account-issuer-discovery',
    groups: ['system:serviceaccounts'],
  },
  // As kubeadm sets a cluster up for joining nodes.
  { name: 'coracle:node-bootstrapper', role: 'system:node-bootstrapper', groups: [bootstrappers] },
  {
    name: 'coracle:node-autoapprove-bootstrap',
    role: 'system:certificates.k8s.io:certificatesigningrequests:nodeclient',
    groups: [bootstrappers],
  },
  {
    name: 'coracle:node-autoapprove-certificate-rotation',
    role: 'system:certificates.k8s.io:certificatesigningrequests:selfnodeclient',
    groups: ['system:nodes'],
  },
  { name: 'coracle:agent', role: 'coracle:agent', groups: ['system:nodes'] },
  {
    name: 'coracle:simulated-nodes',
    role: 'coracle:simulated-nodes',
    users: ['coracle:simulated-nodes'],
  },
];
