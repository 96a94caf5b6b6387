// Golden: what is particular to each of the smaller kinds, and what holds for every declaration.
import t from 'tap';
import { deploymentResource } from '../apps/deployment.ts';
import { replicaSetResource } from '../apps/replica-set.ts';
import { builtinResources } from '../builtin.ts';
import { certificateSigningRequestResource } from '../certificates/certificate-signing-request.ts';
import { leaseResource } from '../coordination/lease.ts';
import { configMapResource } from '../core/config-map.ts';
import { endpointsResource } from '../core/endpoints.ts';
import { namespaceResource } from '../core/namespace.ts';
import { nodeResource } from '../core/node.ts';
import { applyBinding } from '../core/pod-binding.ts';
import { secretResource } from '../core/secret.ts';
import { endpointSliceResource } from '../discovery/endpoint-slice.ts';
import { eventFromStorage, eventToStorage } from '../events/conversion.ts';
import { eventResource } from '../events/event.ts';
import { humanDuration } from '../human-duration.ts';
import { clusterRoleResource } from '../rbac/cluster-role.ts';
import { roleBindingResource } from '../rbac/role-binding.ts';
import type { Resource } from '../resource.ts';
import { created, createErrors, defaulted, row, updateErrors, withValue } from './golden.ts';

t.test('every declaration', (t) => {
  for (const resource of builtinResources) {
    t.equal(resource.singular, resource.kind.toLowerCase(), resource.kind);
    t.match(
      resource.groups[0]?.versions[0]?.schema,
      /^io\.k8s\.(api|kube-aggregator\.pkg\.apis)\./,
    );
    if (resource.virtual === true) continue;
    const empty = { metadata: { name: 'x', creationTimestamp: '2025-12-31T23:59:00Z' } };
    t.doesNotThrow(() => createErrors(resource, empty), `${resource.kind} without anything else`);
    // Upstream's rows of bindings and addresses do not agree with their columns.
    if (resource.kind.endsWith('Binding') || resource.kind === 'IPAddress') continue;
    if (resource.table === undefined) continue;
    t.equal(row(resource, empty).length, resource.table.columns.length, 'a cell per column');
  }
  t.end();
});

t.test('errors on create', (t) => {
  const template = {
    metadata: { labels: { a: 'b' } },
    spec: { containers: [{ name: 'c', image: 'i' }] },
  };
  const cases: [resource: Resource, object: object, errors: string[]][] = [
    [
      configMapResource,
      { data: { a: 'x'.repeat(1024 * 1024 + 1) } },
      ['[]: Too long: may not be more than 1048576 bytes'],
    ],
    [
      configMapResource,
      { data: { 'a/b': '' } },
      [
        "data[a/b]: Invalid value: \"a/b\": a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
      ],
    ],
    [
      secretResource,
      { type: 'kubernetes.io/tls', stringData: { 'tls.crt': 'x' } },
      ['data[tls.key]: Required value'],
    ],
    [
      namespaceResource,
      { metadata: { name: 'x' }, spec: { finalizers: ['mine'] } },
      [
        'spec.finalizers: Invalid value: "mine": name is neither a standard finalizer name nor is it fully qualified',
      ],
    ],
    [
      leaseResource,
      { spec: { leaseDurationSeconds: 0 } },
      ['spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0'],
    ],
    [
      clusterRoleResource,
      { rules: [{ verbs: [], resources: ['pods'] }] },
      [
        'rules[0].verbs: Required value: verbs must contain at least one value',
        'rules[0].apiGroups: Required value: resource rules must supply at least one api group',
      ],
    ],
    [
      roleBindingResource,
      { roleRef: { kind: 'Thing', name: '' }, subjects: [{ kind: 'User', name: '' }] },
      [
        'roleRef.kind: Unsupported value: "Thing": supported values: "Role", "ClusterRole"',
        'roleRef.name: Required value',
        'subjects[0].name: Required value',
      ],
    ],
    [
      deploymentResource,
      { spec: { selector: { matchLabels: { x: 'y' } }, template } },
      [
        'spec.template.metadata.labels: Invalid value: {"a":"b"}: `selector` does not match template `labels`',
      ],
    ],
    [
      deploymentResource,
      { spec: { replicas: -1, selector: { matchLabels: { a: 'b' } }, template } },
      ['spec.replicas: Invalid value: -1: must be greater than or equal to 0'],
    ],
    [
      replicaSetResource,
      { spec: { template } },
      [
        'spec.selector: Required value',
        'spec.template.metadata.labels: Invalid value: {"a":"b"}: `selector` does not match template `labels`',
      ],
    ],
    [
      nodeResource,
      { spec: { taints: [{ key: 'a', effect: 'Nope' }] } },
      [
        'metadata.taints[0].effect: Unsupported value: "Nope": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"',
      ],
    ],
    [
      endpointsResource,
      { subsets: [{ addresses: [{ ip: '127.0.0.1' }] }] },
      [
        'subsets[0].addresses[0].ip: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
      ],
    ],
    [
      endpointSliceResource,
      { addressType: 'IPv4', endpoints: [{ addresses: [] }] },
      ['endpoints[0].addresses: Required value: must contain at least 1 address'],
    ],
    [
      eventResource,
      { metadata: { namespace: 'a' }, involvedObject: { namespace: 'b' } },
      ['involvedObject.namespace: Invalid value: "b": does not match event.namespace'],
    ],
    [
      certificateSigningRequestResource,
      { spec: { request: '', usages: [], signerName: 'x' } },
      [
        'spec.request: Invalid value: "": PEM block type must be CERTIFICATE REQUEST',
        'spec.usages: Required value',
        'spec.signerName: Invalid value: "x": must be a fully qualified domain and path of the form \'example.com/signer-name\'',
      ],
    ],
  ];
  for (const [resource, object, errors] of cases) {
    t.same(createErrors(resource, object), errors, resource.kind);
  }
  t.end();
});

t.test('updates', (t) => {
  const frozen = { immutable: true, data: { a: 'b' } };
  t.same(updateErrors(configMapResource, { data: { a: 'c' } }, frozen), [
    'immutable: Forbidden: field is immutable when `immutable` is set',
    'data: Forbidden: field is immutable when `immutable` is set',
  ]);
  t.same(updateErrors(secretResource, { type: 'a' }, { type: 'b' }), [
    'type: Invalid value: "a": field is immutable',
  ]);
  const binding = { roleRef: { kind: 'Role', name: 'a' } };
  t.same(updateErrors(roleBindingResource, withValue(binding, 'roleRef.name', 'b'), binding), [
    'roleRef: Invalid value: {"APIGroup":"rbac.authorization.k8s.io","Kind":"Role","Name":"b"}: cannot change roleRef',
  ]);
  t.end();
});

t.test('creation fills in', (t) => {
  const namespace = created(namespaceResource, { metadata: { name: 'x' } });
  t.match(namespace, {
    metadata: { labels: { 'kubernetes.io/metadata.name': 'x' } },
    spec: { finalizers: ['kubernetes'] },
    status: { phase: 'Active' },
  });
  const request = created(certificateSigningRequestResource, {
    metadata: { name: 'x' },
    spec: { username: 'someone-else', signerName: 'a.b/c' },
  });
  t.match(request.spec, { username: 'jane', uid: 'u-1', groups: ['system:authenticated'] });
  t.match(defaulted(secretResource, { stringData: { a: 'b' } }), {
    type: 'Opaque',
    data: { a: 'Yg==' },
  });
  t.match(defaulted(deploymentResource, { spec: {} }).spec, {
    replicas: 1,
    revisionHistoryLimit: 10,
    progressDeadlineSeconds: 600,
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
  });
  t.end();
});

t.test('one event, two faces', (t) => {
  const event = {
    note: 'hi',
    regarding: { kind: 'Pod' },
    reportingController: 'c',
    deprecatedCount: 2,
  };
  const stored = eventToStorage(event as never);
  t.match(stored, {
    apiVersion: 'v1',
    message: 'hi',
    involvedObject: { kind: 'Pod' },
    reportingComponent: 'c',
    count: 2,
  });
  t.match(eventFromStorage(stored), { ...event, apiVersion: 'events.k8s.io/v1' });
  t.end();
});

t.test('binding', (t) => {
  const pod = { metadata: { name: 'p', uid: 'u' }, spec: { containers: [] } };
  const binding = { target: { kind: 'Node', name: 'n1' }, metadata: { annotations: { a: 'b' } } };
  const bound = applyBinding(pod, binding, '2026-01-01T00:00:00Z');
  t.match(bound, {
    metadata: { annotations: { a: 'b' } },
    spec: { nodeName: 'n1' },
    status: { conditions: [{ type: 'PodScheduled', status: 'True' }] },
  });
  t.throws(() => applyBinding(bound, binding, ''), {
    message:
      'Operation cannot be fulfilled on pods/binding "p": pod p is already assigned to node "n1"',
  });
  t.end();
});

t.test('rows', (t) => {
  const metadata = { name: 'x', creationTimestamp: '2025-12-31T23:59:00Z' };
  const cases: [resource: Resource, object: object, cells: unknown[]][] = [
    [
      nodeResource,
      {
        metadata: { ...metadata, labels: { 'node-role.kubernetes.io/control-plane': '' } },
        spec: { unschedulable: true },
        status: {
          conditions: [{ type: 'Ready', status: 'True' }],
          addresses: [{ type: 'InternalIP', address: '10.0.0.1' }],
          nodeInfo: { kubeletVersion: 'v1.36.0', osImage: 'Debian' },
        },
      },
      [
        'x',
        'Ready,SchedulingDisabled',
        'control-plane',
        '60s',
        'v1.36.0',
        '10.0.0.1',
        '<none>',
        'Debian',
        '<unknown>',
        '<unknown>',
      ],
    ],
    [
      deploymentResource,
      {
        metadata,
        spec: {
          replicas: 3,
          selector: { matchLabels: { a: 'b' } },
          template: { spec: { containers: [{ name: 'c', image: 'i' }] } },
        },
        status: { readyReplicas: 1, updatedReplicas: 2, availableReplicas: 1 },
      },
      ['x', '1/3', 2, 1, '60s', 'c', 'i', 'a=b'],
    ],
    [
      eventResource,
      {
        metadata,
        involvedObject: { kind: 'Pod', name: 'p' },
        type: 'Normal',
        reason: 'Pulled',
        message: 'done\n',
        source: { component: 'kubelet', host: 'n1' },
        firstTimestamp: '2025-12-31T23:00:00Z',
        lastTimestamp: '2025-12-31T23:59:30Z',
        count: 4,
      },
      ['30s', 'Normal', 'Pulled', 'pod/p', '', 'kubelet, n1', 'done', '60m', 4, 'x'],
    ],
    [
      endpointsResource,
      {
        metadata,
        subsets: [
          {
            addresses: [{ ip: '10.0.0.1' }, { ip: '10.0.0.2' }],
            ports: [{ port: 1 }, { port: 2 }],
          },
        ],
      },
      ['x', '10.0.0.1:1,10.0.0.1:2,10.0.0.2:1 + 1 more...', '60s'],
    ],
    [
      certificateSigningRequestResource,
      {
        metadata,
        spec: { signerName: 'a.b/c', username: 'jane', expirationSeconds: 86400 },
        status: { certificate: 'x', conditions: [{ type: 'Approved' }] },
      },
      ['x', '60s', 'a.b/c', 'jane', '24h', 'Approved,Issued'],
    ],
  ];
  for (const [resource, object, cells] of cases)
    t.same(row(resource, object), cells, resource.kind);
  t.end();
});

t.test('durations', (t) => {
  const second = 1000;
  const cases: [seconds: number, text: string][] = [
    [-5, '<invalid>'],
    [0, '0s'],
    [119, '119s'],
    [120, '2m'],
    [125, '2m5s'],
    [600, '10m'],
    [10800, '3h'],
    [11100, '3h5m'],
    [86400, '24h'],
    [172800, '2d'],
    [180000, '2d2h'],
    [86400 * 30, '30d'],
    [86400 * 365 * 2, '2y'],
    [86400 * 365 * 9, '9y'],
  ];
  for (const [seconds, text] of cases) t.equal(humanDuration(seconds * second), text);
  t.end();
});
