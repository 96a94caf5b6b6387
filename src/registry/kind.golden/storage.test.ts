// Golden: defaults, warnings and rows of volumes and claims; the kinds of storage.k8s.io.
import t from 'tap';
import { persistentVolumeResource } from '../core/persistent-volume.ts';
import { persistentVolumeClaimResource } from '../core/persistent-volume-claim.ts';
import type { Resource } from '../resource.ts';
import { csiDriverResource } from '../storage/csi-driver.ts';
import { csiNodeResource } from '../storage/csi-node.ts';
import { csiStorageCapacityResource } from '../storage/csi-storage-capacity.ts';
import { storageClassResource } from '../storage/storage-class.ts';
import { volumeAttachmentResource } from '../storage/volume-attachment.ts';
import { volumeAttributesClassResource } from '../storage/volume-attributes-class.ts';
import {
  context,
  created,
  createErrors,
  defaulted,
  row,
  updateErrors,
  withValue,
} from './golden.ts';
import {
  attachment,
  boundClaim,
  claim,
  creationTimestamp,
  metadata,
  node,
  storageClass,
  volume,
} from './storage.fixture.ts';

const affinity = (key: string) => ({
  required: { nodeSelectorTerms: [{ matchExpressions: [{ key, operator: 'Exists' }] }] },
});

t.test('defaults', (t) => {
  t.match(created(persistentVolumeResource, volume), {
    spec: { persistentVolumeReclaimPolicy: 'Retain', volumeMode: 'Filesystem' },
    status: { phase: 'Pending', lastPhaseTransitionTime: '2026-01-01T00:00:00Z' },
  });
  const legacy = withValue(volume, 'spec', { iscsi: {}, capacity: { storage: '1u' } });
  t.match(defaulted(persistentVolumeResource, legacy).spec, {
    iscsi: { iscsiInterface: 'default' },
    capacity: { storage: '1m' },
  });
  t.same(created(persistentVolumeClaimResource, claim), {
    ...claim,
    spec: { ...claim.spec, volumeMode: 'Filesystem' },
    status: { phase: 'Pending' },
  });
  t.same(defaulted(storageClassResource, storageClass), {
    ...storageClass,
    reclaimPolicy: 'Delete',
    volumeBindingMode: 'Immediate',
  });
  t.same(defaulted(csiDriverResource, { metadata }).spec, {
    attachRequired: true,
    podInfoOnMount: false,
    storageCapacity: false,
    fsGroupPolicy: 'ReadWriteOnceWithFSType',
    volumeLifecycleModes: ['Persistent'],
    requiresRepublish: false,
    seLinuxMount: false,
  });
  t.end();
});
t.test('errors of the other kinds', (t) => {
  const cases: [resource: Resource, object: object, errors: string[]][] = [
    [storageClassResource, storageClass, []],
    [
      storageClassResource,
      {
        metadata,
        provisioner: '',
        reclaimPolicy: 'Recycle',
        volumeBindingMode: 'Later',
        parameters: { '': 'x' },
        allowedTopologies: [
          { matchLabelExpressions: [{ key: 'zone', values: ['a', 'a'] }] },
          { matchLabelExpressions: [{ key: 'zone', values: ['a'] }] },
          { matchLabelExpressions: [{ key: 'rack' }] },
        ],
      },
      [
        'provisioner: Required value',
        'parameters: Invalid value: "": field can not be empty.',
        'reclaimPolicy: Unsupported value: "Recycle": supported values: "Delete", "Retain"',
        'volumeBindingMode: Unsupported value: "Later": supported values: "Immediate", ' +
          '"WaitForFirstConsumer"',
        'allowedTopologies[0].matchLabelExpressions[0].values[1]: Duplicate value: "a"',
        'allowedTopologies[1].matchLabelExpressions: Duplicate value: ""',
        'allowedTopologies[2].matchLabelExpressions[0].values: Required value',
      ],
    ],
    [
      volumeAttributesClassResource,
      { metadata, driverName: 'd' },
      ['parameters: Required value: must contain at least one key/value pair'],
    ],
    [
      csiDriverResource,
      {
        metadata,
        spec: {
          fsGroupPolicy: 'Any',
          volumeLifecycleModes: ['Eternal'],
          nodeAllocatableUpdatePeriodSeconds: 9,
          tokenRequests: [{ audience: 'a', expirationSeconds: 5 }, { audience: 'a' }],
        },
      },
      [
        'spec.fsGroupPolicy: Unsupported value: "Any": supported values: "File", "None", ' +
          '"ReadWriteOnceWithFSType"',
        'spec.tokenRequests[0].expirationSeconds: Invalid value: 5: may not specify a duration ' +
          'less than 10 minutes',
        'spec.tokenRequests[1].audience: Duplicate value: "a"',
        'spec.volumeLifecycleModes: Unsupported value: "Eternal": supported values: ' +
          '"Persistent", "Ephemeral"',
        'spec.nodeAllocatableUpdatePeriodSeconds: Invalid value: 9: must be greater than or equal ' +
          'to 10 seconds',
      ],
    ],
    [
      csiDriverResource,
      { metadata, spec: { serviceAccountTokenInSecrets: true } },
      [
        'spec.serviceAccountTokenInSecrets: Invalid value: true: serviceAccountTokenInSecrets is ' +
          'set but no tokenRequests are specified',
      ],
    ],
    [csiNodeResource, node, []],
    [
      csiNodeResource,
      {
        metadata,
        spec: {
          drivers: [
            { name: 'd', nodeID: '', allocatable: { count: -1 } },
            { name: 'd', nodeID: 'x', topologyKeys: ['a', 'a'] },
          ],
        },
      },
      [
        'spec.drivers[0].nodeID: Required value',
        'spec.drivers[0].allocatable.count: Invalid value: -1: must be greater than or equal to 0',
        'spec.drivers[1].name: Duplicate value: "d"',
        'spec.drivers[1]: Duplicate value: "a"',
      ],
    ],
    [
      csiStorageCapacityResource,
      { metadata, storageClassName: 'fast', capacity: '-1' },
      ['capacity: Invalid value: "-1": must be greater than or equal to 0'],
    ],
    [volumeAttachmentResource, attachment, []],
    [
      volumeAttachmentResource,
      {
        metadata,
        spec: {
          attacher: '',
          nodeName: 'n',
          source: {
            inlineVolumeSpec: { hostPath: { path: '/x' }, capacity: { storage: '1' } },
          },
        },
      },
      [
        'spec.attacher: Required value',
        'spec.source.inlineVolumeSpec.capacity: Forbidden: may not be specified in the context of ' +
          'inline volumes',
        'spec.source.inlineVolumeSpec.csi: Required value: has to be specified in the context of ' +
          'inline volumes',
        'spec.source.inlineVolumeSpec.accessModes: Required value',
      ],
    ],
    [
      volumeAttachmentResource,
      { metadata, spec: { attacher: 'a', nodeName: 'n', source: {} } },
      [
        'spec.source: Required value: must specify exactly one of inlineVolumeSpec and ' +
          'persistentVolumeName',
      ],
    ],
  ];
  for (const [resource, object, errors] of cases) {
    t.same(createErrors(resource, object), errors, resource.kind);
  }
  t.end();
});

t.test('updates of the other kinds', (t) => {
  const cases: [resource: Resource, next: object, old: object, errors: string[]][] = [
    [
      storageClassResource,
      { ...storageClass, provisioner: 'b', allowVolumeExpansion: true },
      storageClass,
      ['provisioner: Invalid value: "b": field is immutable'],
    ],
    [
      volumeAttributesClassResource,
      { metadata, driverName: 'd', parameters: { a: '2' } },
      { metadata, driverName: 'd', parameters: { a: '1' } },
      ['parameters: Forbidden: updates to parameters are forbidden.'],
    ],
    [
      csiDriverResource,
      { metadata, spec: { attachRequired: false, volumeLifecycleModes: ['Ephemeral'] } },
      { metadata },
      [
        'spec.attachedRequired: Invalid value: false: field is immutable',
        'spec.volumeLifecycleModes: Invalid value: ["Ephemeral"]: field is immutable',
      ],
    ],
    [csiNodeResource, withValue(node, 'spec.drivers.0.allocatable', { count: 5 }), node, []],
    [
      csiNodeResource,
      withValue(node, 'spec.drivers.0.nodeID', 'm'),
      node,
      [
        'spec.drivers: Invalid value: {"Name":"csi.example.com","NodeID":"m","TopologyKeys":' +
          '["a/b"],"Allocatable":null}: field is immutable',
      ],
    ],
    [
      csiStorageCapacityResource,
      { metadata, storageClassName: 'slow' },
      { metadata, storageClassName: 'fast' },
      ['storageClassName: Invalid value: "slow": field is immutable'],
    ],
    [
      volumeAttachmentResource,
      withValue(attachment, 'spec.nodeName', 'n2'),
      attachment,
      [
        'spec: Invalid value: {"Attacher":"csi.example.com","Source":{"PersistentVolumeName":"v",' +
          '"InlineVolumeSpec":null},"NodeName":"n2"}: field is immutable',
      ],
    ],
  ];
  for (const [resource, next, old, errors] of cases) {
    t.same(updateErrors(resource, next, old), errors, resource.kind);
  }
  const before = created(csiDriverResource, { metadata });
  const next = defaulted(csiDriverResource, withValue(before, 'spec.podInfoOnMount', true));
  csiDriverResource.prepareUpdate?.(next, before, context);
  t.equal(next.metadata.generation, 1, 'a driver counts its changes');
  t.end();
});

t.test('warnings', (t) => {
  const warnings = (resource: Resource, object: object) =>
    resource.warnings?.(defaulted(resource, object), undefined);
  t.same(
    warnings(persistentVolumeResource, {
      metadata: { annotations: { 'volume.beta.kubernetes.io/storage-class': 'x' } },
      spec: {
        ...volume.spec,
        persistentVolumeReclaimPolicy: 'Recycle',
        nodeAffinity: affinity('beta.kubernetes.io/os'),
        rbd: {},
      },
    }),
    [
      'metadata.annotations[volume.beta.kubernetes.io/storage-class]: deprecated since v1.8; use ' +
        '"storageClassName" attribute instead',
      'spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the ' +
        'recommended approach is to use dynamic provisioning.',
      'spec.nodeAffinity.required.nodeSelectorTerms[0].matchExpressions[0].key: ' +
        'beta.kubernetes.io/os is deprecated since v1.14; use "kubernetes.io/os" instead',
      'spec.rbd: deprecated in v1.28, non-functional in v1.31+',
    ],
  );
  const thin = withValue(claim, 'spec.resources', { requests: { storage: '100m' } });
  t.same(warnings(persistentVolumeClaimResource, thin), [
    'spec.resources.requests[storage]: fractional byte value "100m" is invalid, must be an integer',
  ]);
  const zone = 'failure-domain.beta.kubernetes.io/zone';
  const allowedTopologies = [{ matchLabelExpressions: [{ key: zone, values: ['a'] }] }];
  t.same(warnings(storageClassResource, { ...storageClass, allowedTopologies }), [
    'allowedTopologies[0].matchLabelExpressions[0].key: deprecated since v1.17; use ' +
      '"topology.kubernetes.io/zone" instead',
  ]);
  const nodeTopology = { matchLabels: { [zone]: 'a' } };
  t.same(warnings(csiStorageCapacityResource, { metadata, nodeTopology }), [
    `nodeTopology.matchLabels.${zone}: deprecated since v1.17; use "topology.kubernetes.io/zone" ` +
      'instead',
  ]);
  const tokenRequests = [{ audience: 'a' }];
  t.match(warnings(csiDriverResource, { metadata, spec: { tokenRequests } }), [
    /^spec.serviceAccountTokenInSecrets is unset; if supported by this CSI driver/,
  ]);
  t.end();
});

t.test('rows', (t) => {
  const bound = {
    ...volume,
    spec: {
      ...volume.spec,
      persistentVolumeReclaimPolicy: 'Delete',
      claimRef: { namespace: 'default', name: 'c' },
      storageClassName: 'fast',
    },
    status: { phase: 'Bound', reason: 'Why' },
  };
  const cells = ['a', '1Gi', 'RWO,ROX', 'Delete', 'Bound', 'default/c', 'fast'];
  t.same(row(persistentVolumeResource, bound), [...cells, '<unset>', 'Why', '2d', '<unset>']);
  t.same(row(persistentVolumeClaimResource, boundClaim), [
    ...['a', 'Bound', 'v', '1Gi', 'RWO', 'fast', '<unset>', '2d', 'Filesystem'],
  ]);
  const leaving = withValue(claim, 'metadata.deletionTimestamp', creationTimestamp);
  t.same(row(persistentVolumeClaimResource, leaving), [
    ...['a', 'Terminating', '', '', '', 'fast', '<unset>', '2d', '<unset>'],
  ]);
  const annotations = { 'storageclass.kubernetes.io/is-default-class': 'true' };
  t.same(row(storageClassResource, { ...storageClass, metadata: { ...metadata, annotations } }), [
    'a (default)',
    'Example.com/nfs',
    'Delete',
    'Immediate',
    false,
    '2d',
  ]);
  t.same(row(volumeAttributesClassResource, { metadata, driverName: 'd' }), ['a', 'd', '2d']);
  t.same(row(csiNodeResource, node), ['a', 1, '2d']);
  t.same(row(volumeAttachmentResource, attachment), [
    ...['a', 'csi.example.com', 'v', 'n1', false, '2d'],
  ]);
  t.same(row(csiDriverResource, { metadata, spec: { tokenRequests: [{ audience: 'x' }] } }), [
    ...['a', true, false, false, 'x', false, '<none>', '2d'],
  ]);
  t.end();
});
