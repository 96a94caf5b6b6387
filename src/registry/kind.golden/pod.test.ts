// Golden: defaults, errors, update rules, warnings and rows of pods.
import t from 'tap';
import { podResource } from '../core/pod.ts';
import { created, createErrors, defaulted, row, updateErrors, withValue } from './golden.ts';

const pod = {
  metadata: { name: 'web', namespace: 'default' },
  spec: { containers: [{ name: 'c', image: 'nginx' }] },
};

t.test('defaults', (t) => {
  t.match(defaulted(podResource, pod).spec, {
    containers: [
      {
        name: 'c',
        image: 'nginx',
        imagePullPolicy: 'Always',
        terminationMessagePath: '/dev/termination-log',
        terminationMessagePolicy: 'File',
      },
    ],
    dnsPolicy: 'ClusterFirst',
    enableServiceLinks: true,
    restartPolicy: 'Always',
    schedulerName: 'default-scheduler',
    securityContext: {},
    terminationGracePeriodSeconds: 30,
  });
  const images: [image: string, policy: string][] = [
    ['nginx:1.27', 'IfNotPresent'],
    ['nginx:latest', 'Always'],
    ['localhost:5000/nginx', 'Always'],
    ['localhost:5000/a/nginx:v1', 'IfNotPresent'],
    [`nginx@sha256:${'a'.repeat(64)}`, 'IfNotPresent'],
  ];
  for (const [image, policy] of images) {
    const object = defaulted(podResource, withValue(pod, 'spec.containers.0.image', image));
    t.match(object.spec, { containers: [{ imagePullPolicy: policy }] }, image);
  }
  const rich = defaulted(podResource, {
    spec: {
      hostNetwork: true,
      serviceAccount: 'sa',
      volumes: [
        { name: 'a' },
        { name: 'b', secret: { secretName: 's' } },
        { name: 'c', projected: { sources: [{ serviceAccountToken: { path: 't' } }] } },
        { name: 'd', hostPath: { path: '/x' } },
      ],
      containers: [
        {
          name: 'c',
          ports: [{ containerPort: 80 }],
          resources: { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '500m' } },
          readinessProbe: { httpGet: { port: 80 } },
          livenessProbe: { grpc: { port: 9 } },
          env: [{ name: 'N', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
        },
      ],
    },
  });
  t.match(rich.spec, {
    serviceAccountName: 'sa',
    volumes: [
      { name: 'a', emptyDir: {} },
      { secret: { defaultMode: 420 } },
      {
        projected: {
          defaultMode: 420,
          sources: [{ serviceAccountToken: { expirationSeconds: 3600 } }],
        },
      },
      { hostPath: { type: '' } },
    ],
    containers: [
      {
        ports: [{ containerPort: 80, hostPort: 80, protocol: 'TCP' }],
        resources: { requests: { cpu: '500m', memory: '1Gi' } },
        readinessProbe: {
          httpGet: { path: '/', scheme: 'HTTP' },
          timeoutSeconds: 1,
          periodSeconds: 10,
          successThreshold: 1,
          failureThreshold: 3,
        },
        livenessProbe: { grpc: { service: '' } },
        env: [{ valueFrom: { fieldRef: { apiVersion: 'v1' } } }],
      },
    ],
  });
  t.end();
});

t.test('status of a new pod', (t) => {
  const classes = [
    [{}, 'BestEffort'],
    [{ limits: { cpu: '1', memory: '1Gi' } }, 'Guaranteed'],
    [{ requests: { cpu: '1' } }, 'Burstable'],
  ];
  for (const [resources, qosClass] of classes) {
    const object = withValue(pod, 'spec.containers.0.resources', resources);
    t.same(created(podResource, object).status, { phase: 'Pending', qosClass });
  }
  const gated = created(podResource, withValue(pod, 'spec.schedulingGates', [{ name: 'a.b/c' }]));
  t.match(gated.status, {
    conditions: [{ type: 'PodScheduled', reason: 'SchedulingGated', lastProbeTime: null }],
  });
  t.end();
});

t.test('errors on create', (t) => {
  const c = 'spec.containers.0';
  const cases: [path: string, value: unknown, errors: string[]][] = [
    [
      'spec.restartPolicy',
      'Sometimes',
      [
        'spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"',
      ],
    ],
    ['spec.containers', [], ['spec.containers: Required value']],
    [`${c}.image`, undefined, ['spec.containers[0].image: Required value']],
    [
      `${c}.image`,
      ' nginx',
      [
        'spec.containers[0].image: Invalid value: " nginx": must not have leading or trailing whitespace',
      ],
    ],
    [
      `${c}.name`,
      'Bad_Name',
      [
        'spec.containers[0].name: Invalid value: "Bad_Name": a lowercase RFC 1123 label must consist of ' +
          "lower case alphanumeric characters or '-', and must start and end with an alphanumeric " +
          "character (e.g. 'my-name',  or '123-abc', regex used for validation is " +
          "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
      ],
    ],
    [
      `${c}.ports`,
      [{ containerPort: 70000 }],
      [
        'spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive',
      ],
    ],
    [
      `${c}.volumeMounts`,
      [{ name: 'v', mountPath: '/v' }],
      ['spec.containers[0].volumeMounts[0].name: Not found: "v"'],
    ],
    [
      `${c}.resources`,
      { requests: { cpu: '2' }, limits: { cpu: '1' } },
      [
        'spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1',
      ],
    ],
    [
      `${c}.resources`,
      { limits: { 'example.com/gpu': '1500m' } },
      [
        'spec.containers[0].resources.limits[example.com/gpu]: Invalid value: "1500m": must be an integer',
        'spec.containers[0].resources.requests[example.com/gpu]: Invalid value: "1500m": must be an integer',
      ],
    ],
    [
      `${c}.livenessProbe`,
      { exec: { command: ['a'] }, successThreshold: 2 },
      ['spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1'],
    ],
    [
      `${c}.readinessProbe`,
      {},
      ['spec.containers[0].readinessProbe: Required value: must specify a handler type'],
    ],
    [`${c}.env`, [{ name: '', value: 'x' }], ['spec.containers[0].env[0].name: Required value']],
    [
      'spec.tolerations',
      [{ operator: 'Equal' }],
      [
        'spec.tolerations[0].operator: Invalid value: "Equal": operator must be Exists when `key` is ' +
          'empty, which means "match all values and all keys"',
      ],
    ],
    [
      'spec.volumes',
      [{ name: 'v', emptyDir: {}, hostPath: { path: '/x' } }],
      ['spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type'],
    ],
    [
      'spec.activeDeadlineSeconds',
      0,
      ['spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive'],
    ],
    [
      'spec.initContainers',
      [{ name: 'c', image: 'i', readinessProbe: { tcpSocket: { port: 1 } } }],
      [
        'spec.initContainers[0].name: Duplicate value: "c"',
        'spec.initContainers[0].readinessProbe: Forbidden: may not be set for init containers without ' +
          'restartPolicy=Always',
      ],
    ],
  ];
  t.same(createErrors(podResource, pod), []);
  for (const [path, value, errors] of cases) {
    t.same(createErrors(podResource, withValue(pod, path, value)), errors, path);
  }
  t.same(
    createErrors(podResource, { metadata: {}, spec: { containers: [{}, { name: 'x' }] } }),
    [
      'spec.containers[0].name: Required value',
      'spec.containers[0].image: Required value',
      'spec.containers[1].image: Required value',
    ],
    'all causes at once',
  );
  t.same(createErrors(podResource, {}), ['spec.containers: Required value'], 'no spec at all');
  t.end();
});

t.test('updates', (t) => {
  const allowed = [
    ['spec.containers.0.image', 'redis'],
    ['spec.activeDeadlineSeconds', 5],
    ['spec.tolerations', [{ key: 'a', operator: 'Exists' }]],
  ] as const;
  for (const [path, value] of allowed) {
    t.same(updateErrors(podResource, withValue(pod, path, value), pod), [], path);
  }
  const [error = ''] = updateErrors(podResource, withValue(pod, 'spec.nodeName', 'n1'), pod);
  t.ok(
    error.startsWith(
      'spec: Forbidden: pod updates may not change fields other than ' +
        '`spec.containers[*].image`,`spec.initContainers[*].image`,' +
        '`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing ' +
        'tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was ' +
        'previously negative)\n',
    ),
  );
  t.match(error, '+   "nodeName": "n1"');
  t.same(
    updateErrors(podResource, withValue(pod, 'spec.containers', [...pod.spec.containers, {}]), pod),
    ['spec.containers: Forbidden: pod updates may not add or remove containers'],
  );
  t.end();
});

t.test('rows', (t) => {
  const running = (more: object) => ({
    name: 'c',
    ready: true,
    restartCount: 0,
    state: { running: {} },
    ...more,
  });
  const crash = {
    ready: false,
    restartCount: 3,
    state: { waiting: { reason: 'CrashLoopBackOff' } },
    lastState: { terminated: { exitCode: 1, finishedAt: '2025-12-31T23:55:00Z' } },
  };
  const cases: [metadata: object, spec: object, status: object, cells: unknown[]][] = [
    [{}, {}, { phase: 'Pending' }, ['0/1', 'Pending', '0']],
    [{}, {}, { phase: 'Running', containerStatuses: [running({})] }, ['1/1', 'Running', '0']],
    [
      {},
      {},
      { phase: 'Running', containerStatuses: [running(crash)] },
      ['0/1', 'CrashLoopBackOff', '3 (5m ago)'],
    ],
    [
      { deletionTimestamp: '2026-01-01T00:00:00Z' },
      {},
      { phase: 'Running', containerStatuses: [running({})] },
      ['1/1', 'Terminating', '0'],
    ],
    [
      {},
      {},
      {
        phase: 'Succeeded',
        containerStatuses: [
          running({ ready: false, state: { terminated: { exitCode: 0, reason: 'Completed' } } }),
        ],
      },
      ['0/1', 'Completed', '0'],
    ],
    [
      {},
      { initContainers: [{ name: 'i' }, { name: 'j' }] },
      {
        phase: 'Pending',
        initContainerStatuses: [
          { name: 'i', restartCount: 0, state: { terminated: { exitCode: 0 } } },
          { name: 'j', restartCount: 0, state: { waiting: { reason: 'PodInitializing' } } },
        ],
      },
      ['0/1', 'Init:1/2', '0'],
    ],
  ];
  for (const [metadata, spec, status, cells] of cases) {
    const object = {
      metadata: { name: 'web', creationTimestamp: '2025-12-31T22:00:00Z', ...metadata },
      spec: { ...pod.spec, ...spec },
      status,
    };
    t.same(
      row(podResource, object),
      ['web', ...cells, '120m', '<none>', '<none>', '<none>', '<none>'],
      String(cells[1]),
    );
  }
  t.end();
});

t.test('warnings', (t) => {
  const env = [
    { name: 'A', value: '1' },
    { name: 'A', value: '2' },
  ];
  const object = defaulted(podResource, withValue(pod, 'spec.containers.0.env', env));
  t.same(podResource.warnings?.(object, undefined, ''), [
    'spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply',
  ]);
  t.same(podResource.warnings?.(object, object, ''), []);
  t.end();
});

t.test('grace', (t) => {
  const bound = defaulted(podResource, withValue(pod, 'spec.nodeName', 'n'));
  t.equal(podResource.deletionGraceSeconds?.(bound, undefined), 30);
  t.equal(podResource.deletionGraceSeconds?.(bound, 5), 5);
  t.equal(podResource.deletionGraceSeconds?.(defaulted(podResource, pod), undefined), 0);
  t.end();
});
