// Golden: what PersistentVolumes and claims are refused, and how they may change.
import t from 'tap';
import { persistentVolumeResource } from '../core/persistent-volume.ts';
import { persistentVolumeClaimResource } from '../core/persistent-volume-claim.ts';
import { context, created, createErrors, defaulted, updateErrors, withValue } from './golden.ts';
import { boundClaim, claim, metadata, secret, volume } from './storage.fixture.ts';

t.test('data sources of claims', (t) => {
  const specOf = (more: object, old?: object) => {
    const next = created(persistentVolumeClaimResource, {
      ...claim,
      spec: { ...claim.spec, ...more },
    });
    if (old === undefined) return next.spec as Record<string, unknown>;
    const before = created(persistentVolumeClaimResource, { ...claim, spec: old });
    persistentVolumeClaimResource.prepareUpdate?.(next, before, context);
    return next.spec as Record<string, unknown>;
  };
  const snapshot = { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: 's' };
  const other = { apiGroup: 'example.com', kind: 'Thing', name: 't' };
  t.same(specOf({ dataSource: snapshot }).dataSourceRef, snapshot, 'the new field follows');
  t.same(specOf({ dataSourceRef: other }).dataSource, other, 'the old field follows');
  t.equal(specOf({ dataSource: other }).dataSource, undefined, 'others only in the new field');
  t.equal(specOf({ dataSourceRef: { ...snapshot, namespace: 'b' } }).dataSourceRef, undefined);
  t.same(
    createErrors(
      persistentVolumeClaimResource,
      withValue(claim, 'spec', {
        ...claim.spec,
        dataSource: { kind: 'PersistentVolumeClaim', name: 'x' },
        dataSourceRef: { kind: 'Thing', name: 'y' },
      }),
    ),
    [
      `spec.dataSourceRef: Invalid value: "Thing": must be 'PersistentVolumeClaim' when ` +
        'referencing the default apiGroup',
      'spec: Invalid value: {}: must match dataSourceRef',
    ],
  );
  t.end();
});

t.test('errors of volumes', (t) => {
  const cases: [path: string, value: unknown, errors: string[]][] = [
    ['spec.csi.controllerExpandSecretRef', secret, []],
    [
      'spec.accessModes',
      ['ReadWriteOncePod', 'ReadWriteOnce', 'Any'],
      [
        'spec.accessModes: Unsupported value: "Any": supported values: "ReadOnlyMany", ' +
          '"ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"',
        'spec.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes',
      ],
    ],
    [
      'spec.capacity',
      { cpu: '-1' },
      [
        'spec.capacity: Unsupported value: {"cpu":"-1"}: supported values: "storage"',
        'spec.capacity[cpu]: Invalid value: -1: must be a valid resource quantity',
        'spec.capacity[cpu]: Invalid value: "-1": must be greater than zero',
      ],
    ],
    [
      'spec.capacity',
      undefined,
      [
        'spec.capacity: Required value',
        'spec.capacity: Unsupported value: null: supported values: "storage"',
      ],
    ],
    [
      'spec.persistentVolumeReclaimPolicy',
      'Burn',
      [
        'spec.persistentVolumeReclaimPolicy: Unsupported value: "Burn": supported values: ' +
          '"Delete", "Recycle", "Retain"',
      ],
    ],
    [
      'spec.local',
      { path: '/a/../b' },
      [
        'spec.local.path: Invalid value: "/a/../b": must not contain \'..\'',
        'spec.nodeAffinity: Required value: Local volume requires node affinity',
        'spec.csi: Forbidden: may not specify more than 1 volume type',
      ],
    ],
    ['spec.csi', undefined, ['spec: Required value: must specify a volume type']],
    [
      'spec.csi.nodePublishSecretRef',
      {},
      [
        'spec.csi.nodePublishSecretRef.name: Required value',
        'spec.csi.nodePublishSecretRef.namespace: Required value',
      ],
    ],
    [
      'spec.nodeAffinity',
      { required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'a', operator: 'In' }] }] } },
      [
        'spec.nodeAffinity.required.nodeSelectorTerms[0].matchExpressions[0].values: Required ' +
          "value: must be specified when `operator` is 'In' or 'NotIn'",
      ],
    ],
    [
      'spec.volumeAttributesClassName',
      '',
      ['spec.volumeAttributesClassName: Required value: an empty string is disallowed'],
    ],
    [
      'metadata.annotations',
      { 'volume.beta.kubernetes.io/mount-options': 'ro' },
      [
        'metadata.annotations.volume.beta.kubernetes.io/mount-options: Forbidden: may not ' +
          'specify mount options for this volume type',
      ],
    ],
  ];
  for (const [path, value, errors] of cases) {
    t.same(createErrors(persistentVolumeResource, withValue(volume, path, value)), errors, path);
  }
  const root = {
    ...volume.spec,
    csi: undefined,
    hostPath: { path: '//.' },
    persistentVolumeReclaimPolicy: 'Recycle',
  };
  t.same(createErrors(persistentVolumeResource, withValue(volume, 'spec', root)), [
    "spec.persistentVolumeReclaimPolicy: Forbidden: may not be 'recycle' for a hostPath mount of '/'",
  ]);
  t.end();
});

const affinity = (key: string) => ({
  required: { nodeSelectorTerms: [{ matchExpressions: [{ key, operator: 'Exists' }] }] },
});

t.test('updates of volumes', (t) => {
  const errors = (path: string, value: unknown, old: object = volume) =>
    updateErrors(persistentVolumeResource, withValue(old, path, value), old);
  t.same(errors('spec.capacity', { storage: '2Gi' }), []);
  t.same(errors('spec.csi.controllerExpandSecretRef', secret), [], 'may be added once');
  const [moved = ''] = errors('spec.csi.volumeHandle', 'other');
  t.ok(
    moved.startsWith(
      'spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after ' +
        'creation\n',
    ),
  );
  t.same(errors('spec.volumeMode', 'Block'), [
    'volumeMode: Invalid value: "Block": field is immutable',
  ]);
  t.same(errors('spec.nodeAffinity', affinity('a')), [], 'may be added');
  const zoned = withValue(
    volume,
    'spec.nodeAffinity',
    affinity('failure-domain.beta.kubernetes.io/zone'),
  );
  t.same(errors('spec.nodeAffinity', affinity('topology.kubernetes.io/zone'), zoned), []);
  t.same(errors('spec.nodeAffinity', affinity('b'), zoned), [
    'nodeAffinity: Invalid value: {"Required":{"NodeSelectorTerms":[{"MatchExpressions":[{"Key":' +
      '"b","Operator":"Exists","Values":null}],"MatchFields":null}]}}: field is immutable, ' +
      'except for updating from beta label to GA',
  ]);
  t.end();
});

t.test('the phase of a volume has a time', (t) => {
  const at = (phase: string, lastPhaseTransitionTime?: string) => ({
    metadata,
    status: { phase, ...(lastPhaseTransitionTime && { lastPhaseTransitionTime }) },
  });
  const before = at('Available', '2025-01-01T00:00:00Z');
  const timeOf = (next: ReturnType<typeof at>) => {
    persistentVolumeResource.prepareStatusUpdate?.(next as never, before as never, context);
    return next.status.lastPhaseTransitionTime;
  };
  t.equal(timeOf(at('Available')), '2025-01-01T00:00:00Z', 'kept with the phase');
  t.equal(timeOf(at('Bound', '2025-01-01T00:00:00Z')), '2026-01-01T00:00:00Z', 'new with it');
  t.equal(timeOf(at('Bound', '2025-06-01T00:00:00Z')), '2025-06-01T00:00:00Z', 'as it is said');
  t.end();
});

/** As updateErrors, from a claim with a status. */
function claimUpdateErrors(path: string, value: unknown, old: object = boundClaim): string[] {
  const before = defaulted(persistentVolumeClaimResource, old);
  const next = defaulted(persistentVolumeClaimResource, withValue(old, path, value));
  persistentVolumeClaimResource.prepareUpdate?.(next, before, context);
  const errors = persistentVolumeClaimResource.validateUpdate?.(next, before, context) ?? [];
  return errors.map((error) => `${error.field}: ${error.message.split('\n')[0]}`);
}

t.test('updates of claims', (t) => {
  const storage = (amount: string) => ({ requests: { storage: amount } });
  const immutable =
    'spec: Forbidden: spec is immutable after creation except resources.requests and ' +
    'volumeAttributesClassName for bound claims';
  t.same(claimUpdateErrors('spec.resources', storage('2Gi')), []);
  t.same(claimUpdateErrors('spec.resources', storage('1Mi')), [
    'spec.resources.requests.storage: Forbidden: field can not be less than status.capacity',
  ]);
  t.same(claimUpdateErrors('spec.resources', storage('2Gi'), claim), [immutable], 'not bound');
  t.same(claimUpdateErrors('spec.volumeName', 'v', claim), [], 'bound once');
  t.same(claimUpdateErrors('spec.volumeName', 'w'), [immutable]);
  t.same(claimUpdateErrors('spec.storageClassName', 'slow'), [immutable]);
  const classless = withValue(claim, 'spec.storageClassName', undefined);
  t.same(claimUpdateErrors('spec.storageClassName', 'slow', classless), [], 'given one later');
  t.same(claimUpdateErrors('spec.volumeAttributesClassName', 'gold'), []);
  const attributed = withValue(
    withValue(boundClaim, 'spec.volumeAttributesClassName', 'gold'),
    'status.currentVolumeAttributesClassName',
    'gold',
  );
  t.same(claimUpdateErrors('spec.volumeAttributesClassName', undefined, attributed), [
    'spec.volumeAttributesClassName: Forbidden: update to nil is forbidden when ' +
      'status.currentVolumeAttributesClassName is not nil',
  ]);
  const annotation = { 'volume.beta.kubernetes.io/storage-class': 'slow' };
  t.same(claimUpdateErrors('metadata.annotations', annotation), [
    'metadata.annotations.volume.beta.kubernetes.io/storage-class: Invalid value: "slow": field ' +
      'is immutable',
  ]);
  const status = {
    ...boundClaim,
    status: {
      capacity: { storage: '-1' },
      allocatedResourceStatuses: { storage: 'Maybe', cpu: 'NodeResizePending' },
      allocatedResources: { 'a b': '1' },
    },
  };
  const errors = persistentVolumeClaimResource.validateStatusUpdate?.(
    defaulted(persistentVolumeClaimResource, status),
    defaulted(persistentVolumeClaimResource, boundClaim),
    context,
  );
  t.match(
    errors?.map(({ field, message }) => `${field}: ${message}`),
    [
      'status.capacity[storage]: Invalid value: -1: must be a valid resource quantity',
      /^status.allocatedResourceStatuses: Unsupported value: "storage": supported values: "Contr/,
      'status.allocatedResourceStatuses: Unsupported value: "cpu": supported values: "storage"',
      /^status.allocatedResources: Invalid value: "a b": name part must consist of/,
    ],
  );
  t.end();
});
