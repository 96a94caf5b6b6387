// One small valid object per kind: what is built on it gets past the first checks, to the others.

import type { Target } from './catalog.ts';
import type { Json, JsonObject } from './json.ts';

const labels = { app: 'fuzz' };
const container = { name: 'c', image: 'busybox:1.35', ports: [{ containerPort: 80 }] };
const podSpec = { containers: [container], terminationGracePeriodSeconds: 0 };
const template = { metadata: { labels }, spec: podSpec };
const selector = { matchLabels: labels };
const reference = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'a' };
const role = { apiGroup: 'rbac.authorization.k8s.io', name: 'fuzz-a' };
const rules = [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }];
const subjects = [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'fuzz' }];
const resources = { requests: { storage: '1Gi' } };
const matchNone = { matchLabels: { 'coracle-fuzz/none': 'none' } };
const claim = { devices: { requests: [{ name: 'r', exactly: { deviceClassName: 'fuzz-a' } }] } };
const access = { resourceAttributes: { verb: 'get', resource: 'pods', namespace: 'default' } };
const constraints = {
  namespaceSelector: matchNone,
  resourceRules: [
    { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] },
  ],
};
const webhook = {
  name: 'a.fuzz.example.com',
  clientConfig: { url: 'https://127.0.0.9/x' },
  admissionReviewVersions: ['v1'],
  sideEffects: 'None',
  namespaceSelector: matchNone,
};
const time = '2026-01-01T00:00:00.000000Z';

/** By `resource.group`; what has no line here is made from its schema alone. */
const seeds: Readonly<Record<string, JsonObject>> = {
  'configmaps.': { data: { a: 'b' }, binaryData: { c: 'YQ==' } },
  'secrets.': { type: 'Opaque', data: { a: 'YQ==' } },
  'endpoints.': { subsets: [{ addresses: [{ ip: '192.0.2.1' }], ports: [{ port: 80 }] }] },
  'events.': { involvedObject: { kind: 'Pod', name: 'a' }, reason: 'R', type: 'Normal' },
  'limitranges.': { spec: { limits: [{ type: 'Container', default: { cpu: '1' } }] } },
  'namespaces.': {},
  'nodes.': { spec: { podCIDR: '10.99.0.0/24', unschedulable: true } },
  'persistentvolumeclaims.': { spec: { accessModes: ['ReadWriteOnce'], resources } },
  'persistentvolumes.': {
    spec: {
      capacity: { storage: '1Gi' },
      accessModes: ['ReadWriteOnce'],
      hostPath: { path: '/tmp/fuzz' },
    },
  },
  'pods.': { spec: podSpec },
  'podtemplates.': { template },
  'replicationcontrollers.': { spec: { replicas: 0, selector: labels, template } },
  'resourcequotas.': { spec: { hard: { 'count/leases': '100000' } } },
  'serviceaccounts.': {},
  'services.': { spec: { selector: labels, ports: [{ name: 'http', port: 80 }] } },
  'bindings.': { target: { kind: 'Node', name: 'fuzz-a' } },
  'controllerrevisions.apps': { revision: 1, data: { a: 'b' } },
  'daemonsets.apps': { spec: { selector, template } },
  'deployments.apps': { spec: { replicas: 0, selector, template } },
  'replicasets.apps': { spec: { replicas: 0, selector, template } },
  'statefulsets.apps': { spec: { replicas: 0, selector, template, serviceName: 'a' } },
  'cronjobs.batch': {
    spec: {
      schedule: '0 0 1 1 *',
      suspend: true,
      jobTemplate: {
        spec: { template: { ...template, spec: { ...podSpec, restartPolicy: 'Never' } } },
      },
    },
  },
  'jobs.batch': {
    spec: { suspend: true, template: { spec: { ...podSpec, restartPolicy: 'Never' } } },
  },
  'leases.coordination.k8s.io': { spec: { holderIdentity: 'a', leaseDurationSeconds: 10 } },
  'endpointslices.discovery.k8s.io': {
    addressType: 'IPv4',
    endpoints: [{ addresses: ['192.0.2.1'] }],
    ports: [{ name: 'a', port: 80 }],
  },
  'events.events.k8s.io': {
    eventTime: time,
    reportingController: 'fuzz.example.com/c',
    reportingInstance: 'i',
    action: 'A',
    reason: 'R',
    type: 'Normal',
    regarding: { kind: 'Pod', name: 'a' },
  },
  'ingressclasses.networking.k8s.io': { spec: { controller: 'fuzz.example.com/c' } },
  'ingresses.networking.k8s.io': {
    spec: { defaultBackend: { service: { name: 'a', port: { number: 80 } } } },
  },
  'ipaddresses.networking.k8s.io': {
    spec: { parentRef: { resource: 'services', name: 'a', namespace: 'default' } },
  },
  'networkpolicies.networking.k8s.io': { spec: { podSelector: {}, ingress: [{}] } },
  'servicecidrs.networking.k8s.io': { spec: { cidrs: ['10.253.0.0/24'] } },
  'runtimeclasses.node.k8s.io': { handler: 'fuzz' },
  'poddisruptionbudgets.policy': { spec: { minAvailable: 1, selector } },
  'clusterrolebindings.rbac.authorization.k8s.io': {
    roleRef: { kind: 'ClusterRole', ...role },
    subjects,
  },
  'clusterroles.rbac.authorization.k8s.io': { rules },
  'rolebindings.rbac.authorization.k8s.io': { roleRef: { kind: 'Role', ...role }, subjects },
  'roles.rbac.authorization.k8s.io': { rules },
  'deviceclasses.resource.k8s.io': { spec: {} },
  'resourceclaims.resource.k8s.io': { spec: claim },
  'resourceclaimtemplates.resource.k8s.io': { spec: { spec: claim } },
  'resourceslices.resource.k8s.io': {
    spec: {
      driver: 'fuzz.example.com',
      nodeName: 'fuzz-node',
      pool: { name: 'p', generation: 1, resourceSliceCount: 1 },
      devices: [{ name: 'd' }],
    },
  },
  'priorityclasses.scheduling.k8s.io': { value: 1 },
  'csidrivers.storage.k8s.io': { spec: {} },
  'csinodes.storage.k8s.io': { spec: { drivers: [] } },
  'csistoragecapacities.storage.k8s.io': { storageClassName: 'a', capacity: '1Gi' },
  'storageclasses.storage.k8s.io': { provisioner: 'fuzz.example.com/p' },
  'volumeattachments.storage.k8s.io': {
    spec: { attacher: 'fuzz', nodeName: 'fuzz-a', source: { persistentVolumeName: 'fuzz-a' } },
  },
  'volumeattributesclasses.storage.k8s.io': { driverName: 'fuzz.example.com', parameters: {} },
  'flowschemas.flowcontrol.apiserver.k8s.io': {
    spec: { priorityLevelConfiguration: { name: 'exempt' }, matchingPrecedence: 9999 },
  },
  'prioritylevelconfigurations.flowcontrol.apiserver.k8s.io': {
    spec: { type: 'Limited', limited: { limitResponse: { type: 'Reject' } } },
  },
  'apiservices.apiregistration.k8s.io': {
    spec: {
      group: 'fuzz.example.com',
      version: 'v1',
      groupPriorityMinimum: 1,
      versionPriority: 1,
      insecureSkipTLSVerify: true,
      service: { name: 'a', namespace: 'default' },
    },
  },
  'mutatingwebhookconfigurations.admissionregistration.k8s.io': { webhooks: [webhook] },
  'validatingwebhookconfigurations.admissionregistration.k8s.io': { webhooks: [webhook] },
  'validatingadmissionpolicies.admissionregistration.k8s.io': {
    spec: { matchConstraints: constraints, validations: [{ expression: 'true' }] },
  },
  'validatingadmissionpolicybindings.admissionregistration.k8s.io': {
    spec: { policyName: 'fuzz-a', validationActions: ['Deny'] },
  },
  'certificatesigningrequests.certificates.k8s.io': {
    spec: { request: 'YQ==', signerName: 'fuzz.example.com/s', usages: ['client auth'] },
  },
  'localsubjectaccessreviews.authorization.k8s.io': { spec: { ...access, user: 'fuzz' } },
  'subjectaccessreviews.authorization.k8s.io': { spec: { ...access, user: 'fuzz' } },
  'selfsubjectaccessreviews.authorization.k8s.io': { spec: access },
  'selfsubjectrulesreviews.authorization.k8s.io': { spec: { namespace: 'default' } },
  'tokenreviews.authentication.k8s.io': { spec: { token: 'a.b.c' } },
  'selfsubjectreviews.authentication.k8s.io': {},
  'customresourcedefinitions.apiextensions.k8s.io': {
    spec: {
      group: 'fuzz.example.com',
      scope: 'Namespaced',
      names: { plural: 'fuzzes', kind: 'Fuzz' },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object' } } } },
        },
      ],
    },
  },
};

/** Two versions of autoscaling are served, with different fields. */
const autoscalers: Readonly<Record<string, Json>> = {
  v1: { scaleTargetRef: reference, maxReplicas: 3, targetCPUUtilizationPercentage: 50 },
  v2: { scaleTargetRef: reference, maxReplicas: 3 },
};

/** Without metadata; undefined where only the schema helps. */
export function seedOf({ resource, group, version }: Target): JsonObject | undefined {
  if (group === 'autoscaling') return { spec: autoscalers[version] ?? {} };
  return seeds[`${resource}.${group}`];
}
