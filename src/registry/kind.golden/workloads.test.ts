// Golden: defaults, errors, update rules, warnings and rows of workloads that keep pods running.
import t from 'tap';
import type { ObjectMeta } from '../../objects.ts';
import { controllerRevisionResource } from '../apps/controller-revision.ts';
import { daemonSetResource } from '../apps/daemon-set.ts';
import { deploymentResource } from '../apps/deployment.ts';
import { statefulSetResource } from '../apps/stateful-set.ts';
import { podTemplateResource } from '../core/pod-template.ts';
import { replicationControllerResource } from '../core/replication-controller.ts';
import type { ApiObject, Resource } from '../resource.ts';
import {
  allUpdateErrors,
  context,
  created,
  createErrors,
  defaulted,
  row,
  withValue,
} from './golden.ts';

const template = {
  metadata: { labels: { app: 'web' } },
  spec: { containers: [{ name: 'c', image: 'nginx' }] },
};
const selector = { matchLabels: { app: 'web' } };
const metadata = { name: 'web', namespace: 'default', creationTimestamp: '2025-12-31T23:59:00Z' };
const workload = { metadata, spec: { selector, template } };
const controller = { metadata, spec: { selector: { app: 'web' }, template } };
const mismatch =
  'spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`';

t.test('defaults', (t) => {
  const daemonSet = created(daemonSetResource, workload);
  t.match(daemonSet, {
    metadata: { annotations: { 'deprecated.daemonset.template.generation': '1' } },
    spec: {
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } },
      revisionHistoryLimit: 10,
      template: { spec: { restartPolicy: 'Always' } },
    },
  });
  const claims = [{ metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'] } }];
  const stateful = withValue(workload, 'spec.volumeClaimTemplates', claims);
  t.match(created(statefulSetResource, stateful).spec, {
    podManagementPolicy: 'OrderedReady',
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
    persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
    replicas: 1,
    revisionHistoryLimit: 10,
    volumeClaimTemplates: [
      {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        spec: { volumeMode: 'Filesystem' },
        status: { phase: 'Pending' },
      },
    ],
  });
  t.match(created(replicationControllerResource, { metadata, spec: { template } }), {
    metadata: { labels: { app: 'web' } },
    spec: { replicas: 1, selector: { app: 'web' } },
  });
  t.match(created(podTemplateResource, { metadata, template }), {
    template: { spec: { dnsPolicy: 'ClusterFirst' } },
  });
  t.end();
});

t.test('what a gate keeps off is dropped', (t) => {
  const rolling = { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 2 } };
  const made = created(statefulSetResource, withValue(workload, 'spec.updateStrategy', rolling));
  t.same(made.spec, {
    ...(made.spec as object),
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
  });
  t.end();
});

t.test('errors on create', (t) => {
  const set = (path: string, value: unknown) => withValue(workload, path, value);
  const cases: [resource: Resource, object: object, errors: string[]][] = [
    [daemonSetResource, workload, []],
    [daemonSetResource, set('spec.selector', undefined), [mismatch]],
    [
      daemonSetResource,
      set('spec.selector', {}),
      ['spec.selector: Invalid value: {}: empty selector is invalid for daemonset'],
    ],
    [
      daemonSetResource,
      set('spec.updateStrategy', { type: 'Sometimes' }),
      [
        'spec.updateStrategy: Unsupported value: {"Type":"Sometimes","RollingUpdate":null}: supported values: "RollingUpdate", "OnDelete"',
      ],
    ],
    [
      daemonSetResource,
      set('spec.updateStrategy', { rollingUpdate: { maxUnavailable: 0 } }),
      [
        'spec.updateStrategy.rollingUpdate.maxUnavailable: Required value: cannot be 0 when maxSurge is 0',
      ],
    ],
    [
      daemonSetResource,
      set('spec.updateStrategy', { rollingUpdate: { maxUnavailable: '10%', maxSurge: '150%' } }),
      [
        'spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: "150%": must not be greater than 100%',
        'spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: "150%": may not be set when maxUnavailable is non-zero',
      ],
    ],
    [
      daemonSetResource,
      set('spec.template.spec.restartPolicy', 'OnFailure'),
      [
        'spec.template.spec.restartPolicy: Unsupported value: "OnFailure": supported values: "Always"',
      ],
    ],
    [statefulSetResource, workload, []],
    [
      statefulSetResource,
      set('spec.selector', undefined),
      ['spec.selector: Required value', mismatch],
    ],
    [
      statefulSetResource,
      set('spec.serviceName', 'A.b'),
      [
        "spec.serviceName: Invalid value: \"A.b\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
      ],
    ],
    [
      statefulSetResource,
      set('spec.updateStrategy', { type: 'OnDelete', rollingUpdate: { partition: 1 } }),
      [
        'spec.updateStrategy.rollingUpdate: Invalid value: {"Partition":1,"MaxUnavailable":null}: only allowed for updateStrategy \'RollingUpdate\'',
      ],
    ],
    [
      statefulSetResource,
      set('spec.podManagementPolicy', 'Random'),
      ["spec.podManagementPolicy: Invalid value: \"Random\": must be 'OrderedReady' or 'Parallel'"],
    ],
    [
      statefulSetResource,
      set('spec.persistentVolumeClaimRetentionPolicy', { whenDeleted: 'Keep' }),
      [
        'spec.persistentVolumeClaimRetentionPolicy.whenDeleted: Unsupported value: "Keep": supported values: "Retain", "Delete"',
      ],
    ],
    [
      statefulSetResource,
      set('spec.volumeClaimTemplates', [{ metadata: { name: 'data' } }]),
      [
        'spec.volumeClaimTemplates[0].spec.accessModes: Required value: at least 1 access mode is required',
        'spec.volumeClaimTemplates[0].spec.resources[storage]: Required value',
      ],
    ],
    [
      statefulSetResource,
      set('spec.ordinals', { start: -1 }),
      ['spec.ordinals.start: Invalid value: -1: must be greater than or equal to 0'],
    ],
    [
      statefulSetResource,
      set('spec.template.spec.activeDeadlineSeconds', 5),
      [
        'spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in StatefulSet is not Supported',
      ],
    ],
    [replicationControllerResource, controller, []],
    [
      replicationControllerResource,
      { metadata, spec: {} },
      ['spec.selector: Required value', 'spec.template: Required value'],
    ],
    [
      replicationControllerResource,
      withValue(controller, 'spec.selector', { app: 'other' }),
      [mismatch],
    ],
    [
      podTemplateResource,
      { metadata, template: { spec: {} } },
      ['template.spec.containers: Required value'],
    ],
    [controllerRevisionResource, { metadata, data: { a: 1 }, revision: 1 }, []],
    [
      controllerRevisionResource,
      { metadata, revision: 1 },
      ['data: Required value: data is mandatory'],
    ],
    [
      controllerRevisionResource,
      { metadata, data: 'x', revision: -1 },
      [
        'revision: Invalid value: -1: must be greater than or equal to 0',
        'data: Required value: data must be a valid JSON object',
      ],
    ],
    [
      deploymentResource,
      set('spec.strategy', { type: 'Blue' }),
      [
        'spec.strategy: Unsupported value: {"Type":"Blue","RollingUpdate":null}: supported values: "Recreate", "RollingUpdate"',
      ],
    ],
    [
      deploymentResource,
      set('spec.selector', { matchExpressions: [{ key: 'a', operator: 'Like' }] }),
      [
        'spec.selector.matchExpressions[0].operator: Invalid value: "Like": not a valid selector operator',
        'spec.selector: Invalid value: {"matchExpressions":[{"key":"a","operator":"Like"}]}: invalid label selector',
      ],
    ],
    [
      deploymentResource,
      set('spec.template.metadata.annotations', { 'a b': '' }),
      [
        "spec.template.annotations: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
      ],
    ],
  ];
  for (const [resource, object, errors] of cases) {
    t.same(createErrors(resource, object), errors, resource.kind);
  }
  t.end();
});

t.test('updates', (t) => {
  const other = withValue(workload, 'spec.selector.matchLabels.tier', 'a');
  t.same(allUpdateErrors(daemonSetResource, other, workload), [
    'spec.selector: Invalid value: {"matchLabels":{"app":"web","tier":"a"}}: field is immutable',
    mismatch,
  ]);
  const renamed = withValue(workload, 'spec.serviceName', 'B.c');
  t.same(allUpdateErrors(statefulSetResource, renamed, workload), [
    "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
  ]);
  t.same(
    allUpdateErrors(statefulSetResource, withValue(workload, 'spec.replicas', 3), workload),
    [],
  );
  const revision = { metadata, data: { a: 1 }, revision: 1 };
  t.same(
    allUpdateErrors(controllerRevisionResource, withValue(revision, 'data', { a: 2 }), revision),
    ['data: Invalid value: {"a":2}: field is immutable'],
  );
  t.end();
});

t.test('the generation of a template is counted, not written', (t) => {
  const key = 'deprecated.daemonset.template.generation';
  const count = (object: ApiObject) => object.metadata.annotations?.[key];
  const old = created(daemonSetResource, workload);
  const same = defaulted(daemonSetResource, withValue(workload, 'spec.minReadySeconds', 5));
  daemonSetResource.prepareUpdate?.(same, old, context);
  t.equal(count(same), '1');
  const image = withValue(workload, 'spec.template.spec.terminationGracePeriodSeconds', 5);
  const changed = defaulted(daemonSetResource, image);
  changed.metadata.annotations = { [key]: '7' };
  daemonSetResource.prepareUpdate?.(changed, old, context);
  t.equal(count(changed), '2');
  const shown = (metadata: ObjectMeta) => daemonSetResource.partialMetadata?.(metadata);
  t.same(shown({ name: 'a', annotations: { [key]: '2' } }), { name: 'a' });
  t.same(shown({ annotations: { a: 'b', [key]: '2' } }), { annotations: { a: 'b' } });
  const wrong = defaulted(daemonSetResource, workload);
  wrong.metadata.annotations = { [key]: 'x' };
  t.throws(() => daemonSetResource.prepareCreate?.(wrong, context), {
    message:
      'DaemonSet in version "v1" cannot be handled as a DaemonSet: strconv.ParseInt: parsing "x": invalid syntax',
  });
  t.end();
});

t.test('a status agrees with itself', (t) => {
  const messages = (resource: Resource, status: object, before: object = {}) =>
    resource
      .validateStatusUpdate?.({ ...workload, status }, { ...workload, status: before }, context)
      .map(({ field, message }) => `${field}: ${message}`);
  t.same(messages(statefulSetResource, { replicas: 1, readyReplicas: 2, availableReplicas: 3 }), [
    'status.readyReplicas: Invalid value: 2: cannot be greater than status.replicas',
    'status.availableReplicas: Invalid value: 3: cannot be greater than status.replicas',
    'status.availableReplicas: Invalid value: 3: cannot be greater than status.readyReplicas',
  ]);
  t.same(messages(daemonSetResource, { numberReady: -1 }, { collisionCount: 1 }), [
    'status.numberReady: Invalid value: -1: must be greater than or equal to 0',
    'status.collisionCount: Invalid value: 0: cannot be decremented',
  ]);
  t.same(messages(replicationControllerResource, { replicas: 1, availableReplicas: 1 }), [
    'status.availableReplicas: Invalid value: 1: cannot be greater than readyReplicas',
  ]);
  t.end();
});

t.test('warnings', (t) => {
  const dotted = withValue(controller, 'metadata.name', 'a.b');
  const object = created(replicationControllerResource, dotted);
  t.same(replicationControllerResource.warnings?.(object, undefined, ''), [
    'metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended: [must not contain dots]',
  ]);
  const stateful = created(
    statefulSetResource,
    withValue(workload, 'spec.revisionHistoryLimit', -1),
  );
  t.same(statefulSetResource.warnings?.(stateful, undefined, ''), [
    'spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended',
  ]);
  t.same(statefulSetResource.warnings?.(stateful, stateful, 'status'), []);
  t.end();
});

t.test('rows', (t) => {
  const owner = {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    name: 'web',
    uid: 'u',
    controller: true,
  };
  const cases: [resource: Resource, object: object, cells: unknown[]][] = [
    [
      daemonSetResource,
      {
        ...withValue(workload, 'spec.template.spec.nodeSelector', { os: 'linux' }),
        status: { desiredNumberScheduled: 3, currentNumberScheduled: 2, numberReady: 1 },
      },
      ['web', 3, 2, 1, 0, 0, 'os=linux', '60s', 'c', 'nginx', 'app=web'],
    ],
    [
      statefulSetResource,
      { ...withValue(workload, 'spec.replicas', 3), status: { readyReplicas: 2 } },
      ['web', '2/3', '60s', 'c', 'nginx'],
    ],
    [replicationControllerResource, controller, ['web', 0, 0, 0, '60s', 'c', 'nginx', 'app=web']],
    [podTemplateResource, { metadata, template }, ['web', 'c', 'nginx', 'app=web']],
    [
      controllerRevisionResource,
      { metadata: { ...metadata, ownerReferences: [owner] }, revision: 4 },
      ['web', 'daemonset.apps/web', 4, '60s'],
    ],
  ];
  for (const [resource, object, cells] of cases) {
    t.same(row(resource, object), cells, resource.kind);
  }
  t.end();
});
