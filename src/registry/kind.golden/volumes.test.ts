// Golden: volumes of pods, source by source: defaults, what is refused, warnings, mounts and devices.
import t from 'tap';
import { podResource } from '../core/pod.ts';
import { created, createErrors, defaulted } from './golden.ts';

const container = { name: 'c', image: 'i' };

function podOf(volumes: readonly object[], more: object = {}): object {
  return {
    metadata: { name: 'web', namespace: 'default' },
    spec: { containers: [{ ...container, ...more }], volumes },
  };
}

function volumeErrors(volume: object): string[] {
  return createErrors(podResource, podOf([{ name: 'v', ...volume }])).map((line) =>
    line.replace('spec.volumes[0]', 'v'),
  );
}

function warningsOf(volume: object): readonly string[] {
  const pod = defaulted(podResource, podOf([{ name: 'v', ...volume }]));
  return podResource.warnings?.(pod, undefined) ?? [];
}

const claimSpec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };

t.test('sources that are fine', (t) => {
  const sources: object[] = [
    {},
    { emptyDir: { sizeLimit: '1Gi' } },
    { hostPath: { path: '/x', type: 'Directory' } },
    { gcePersistentDisk: { pdName: 'd', partition: 0 } },
    { nfs: { server: 's', path: '/p' } },
    { iscsi: { targetPortal: 'p', iqn: 'iqn.2001-04.com.example:storage:d', lun: 0 } },
    { iscsi: { targetPortal: 'p', iqn: 'eui.0123456789ABCDEF', lun: 255 } },
    { fc: { wwids: ['a'] } },
    { fc: { targetWWNs: ['a'], lun: 0 } },
    { flocker: { datasetName: 'd' } },
    { quobyte: { registry: 'a:1,[::1]:2', volume: 'v' } },
    { flexVolume: { driver: 'd', options: { 'a/b': 'c' } } },
    { csi: { driver: 'My.Driver', nodePublishSecretRef: { name: 's' } } },
    { ephemeral: { volumeClaimTemplate: { metadata: { labels: { a: 'b' } }, spec: claimSpec } } },
    { image: { reference: 'a/b:1' } },
  ];
  for (const source of sources) t.same(volumeErrors(source), [], JSON.stringify(source));
  t.end();
});

t.test('sources that are refused', (t) => {
  const cases: [source: object, errors: string[]][] = [
    [
      { emptyDir: { sizeLimit: '-1' } },
      ['v.emptyDir.sizeLimit: Forbidden: SizeLimit field must be a valid resource quantity'],
    ],
    [
      { gitRepo: { repository: '', directory: '/a/../b' } },
      [
        'v.gitRepo.repository: Required value',
        'v.gitRepo.directory: Invalid value: "/a/../b": must be a relative path',
        'v.gitRepo.directory: Invalid value: "/a/../b": must not contain \'..\'',
      ],
    ],
    [
      { gcePersistentDisk: { pdName: '', partition: 256 } },
      [
        'v.persistentDisk.pdName: Required value',
        'v.persistentDisk.partition: Invalid value: 256: must be between 1 and 255, inclusive',
      ],
    ],
    [
      {
        iscsi: {
          targetPortal: 'p'.repeat(70),
          iqn: 'abc',
          lun: 256,
          chapAuthSession: true,
          initiatorName: 'iqn.x',
        },
      },
      [
        'v.iscsi.iqn: Invalid value: "abc": must be valid format starting with iqn, eui, or naa',
        'v.iscsi.lun: Invalid value: 256: must be between 0 and 255, inclusive',
        'v.iscsi.secretRef: Required value',
        'v.iscsi.initiatorname: Invalid value: "iqn.x": must be valid format',
        'v.name: Invalid value: "v": Total length of <volume name>:<iscsi.targetPortal> must be ' +
          'under 64 characters if iscsi.initiatorName is specified.',
      ],
    ],
    [
      { fc: { targetWWNs: ['a'], wwids: ['b'] } },
      [
        'v.fc.targetWWNs: Invalid value: ["a"]: targetWWNs and wwids can not be specified ' +
          'simultaneously',
        'v.fc.lun: Required value: lun is required if targetWWNs is specified',
      ],
    ],
    [
      { quobyte: { registry: 'a,b:1', volume: '' } },
      [
        'v.quobyte.registry: Invalid value: "a,b:1": must be a host:port pair or multiple pairs ' +
          'separated by commas',
        'v.quobyte.volume: Required value',
      ],
    ],
    [
      { flocker: {} },
      ['v.flocker: Required value: one of datasetName and datasetUUID is required'],
    ],
    [
      { flexVolume: { driver: 'd', options: { 'x.k8s.io/a': '' } } },
      [
        'v.flexVolume.options[x.k8s.io/a]: Invalid value: "x.k8s.io/a": kubernetes.io and k8s.io ' +
          'namespaces are reserved',
      ],
    ],
    [
      { azureDisk: { diskName: 'd', diskURI: 'x', kind: 'Managed', cachingMode: 'No' } },
      [
        'v.azureDisk.cachingMode: Unsupported value: "No": supported values: "None", "ReadOnly", ' +
          '"ReadWrite"',
        'v.azureDisk.diskURI: Unsupported value: "x": supported values: "/subscriptions/{sub-id}/' +
          'resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}"',
      ],
    ],
    [{ cinder: { volumeID: 'a', secretRef: {} } }, ['v.cinder.secretRef.name: Required value']],
    [
      { csi: { driver: 'a'.repeat(64) } },
      ['v.csi.driver: Too long: may not be more than 63 bytes'],
    ],
    [
      { ephemeral: { volumeClaimTemplate: { metadata: { name: 'n' }, spec: {} } } },
      [
        'v.ephemeral.volumeClaimTemplate.metadata.name: Forbidden: cannot be set',
        'v.ephemeral.volumeClaimTemplate.spec.accessModes: Required value: at least 1 access ' +
          'mode is required',
        'v.ephemeral.volumeClaimTemplate.spec.resources[storage]: Required value',
      ],
    ],
    [{ image: { reference: '' } }, ['v.image.reference: Required value']],
    [
      { cephfs: { monitors: ['m'] }, rbd: { monitors: ['m'], image: 'i' }, secret: {} },
      [
        'v.secret.secretName: Required value',
        'v.rbd: Forbidden: may not specify more than 1 volume type',
        'v.cephFS: Forbidden: may not specify more than 1 volume type',
      ],
    ],
    [
      {
        projected: {
          sources: [
            { secret: { name: 's', items: [{ key: 'k', path: 'a' }] }, downwardAPI: {} },
            { configMap: { name: 'm', items: [{ key: 'k', path: 'a' }] } },
            { serviceAccountToken: { path: '../x', expirationSeconds: 1 } },
          ],
        },
      },
      [
        'v.projected.sources[0]: Forbidden: may not specify more than 1 volume type per source',
        'v.projected: Invalid value: "m": conflicting duplicate paths',
        'v.projected.sources[2].serviceAccountToken.expirationSeconds: Invalid value: 1: may not ' +
          'specify a duration less than 10 minutes',
        'v.projected.path: Invalid value: "../x": must not contain \'..\'',
      ],
    ],
  ];
  for (const [source, errors] of cases) t.same(volumeErrors(source), errors);
  t.end();
});

t.test('names', (t) => {
  const ephemeral = { volumeClaimTemplate: { spec: claimSpec } };
  t.same(
    createErrors(
      podResource,
      podOf([
        { name: 'a', ephemeral },
        { name: 'b', persistentVolumeClaim: { claimName: 'web-a' } },
        { name: 'a', emptyDir: {} },
      ]),
    ),
    [
      'spec.volumes[1].persistentVolumeClaim.claimName: Invalid value: "web-a": must not reference ' +
        'a PVC that gets created for an ephemeral volume',
      'spec.volumes[2].name: Duplicate value: "a"',
    ],
  );
  t.end();
});

t.test('mounts and devices', (t) => {
  const volumes = [
    { name: 'files', emptyDir: {} },
    { name: 'claim', persistentVolumeClaim: { claimName: 'c' } },
    { name: 'broken', persistentVolumeClaim: {} },
  ];
  const c = 'spec.containers[0]';
  const errors = createErrors(
    podResource,
    podOf(volumes, {
      volumeMounts: [
        { name: 'files', mountPath: '/a', subPath: '../x' },
        { name: 'claim', mountPath: '/a' },
        { name: 'broken', mountPath: '/b' },
      ],
      volumeDevices: [
        { name: 'claim', devicePath: '/dev/x' },
        { name: 'files', devicePath: '/b' },
        { name: 'none', devicePath: '/../y' },
      ],
    }),
  );
  t.same(errors, [
    'spec.volumes[2].persistentVolumeClaim.claimName: Required value',
    `${c}.volumeMounts[0].name: Invalid value: "files": must not already exist in volumeDevices`,
    `${c}.volumeMounts.subPath: Invalid value: "../x": must not contain '..'`,
    `${c}.volumeMounts[1].mountPath: Invalid value: "/a": must be unique`,
    `${c}.volumeMounts[1].name: Invalid value: "claim": must not already exist in volumeDevices`,
    `${c}.volumeMounts[2].name: Not found: "broken"`,
    `${c}.volumeMounts[2].mountPath: Invalid value: "/b": must not already exist as a path in ` +
      'volumeDevices',
    `${c}.volumeDevices[0].name: Invalid value: "claim": must not already exist in volumeMounts`,
    `${c}.volumeDevices[1].name: Invalid value: "files": can only use volume source type of ` +
      'PersistentVolumeClaim or Ephemeral for block mode',
    `${c}.volumeDevices[1].name: Invalid value: "files": must not already exist in volumeMounts`,
    `${c}.volumeDevices[1].devicePath: Invalid value: "/b": must not already exist as a path in ` +
      'volumeMounts',
    `${c}.volumeDevices[2].name: Not found: "none"`,
    `${c}.volumeDevices[2].devicePath: Invalid value: "/../y": can not contain backsteps ('..')`,
  ]);
  t.end();
});

t.test('warnings', (t) => {
  t.same(warningsOf({ storageos: { volumeName: 'a' } }), [
    'spec.volumes[0].storageOS: deprecated in v1.22, non-functional in v1.25+',
  ]);
  const spec = { ...claimSpec, resources: { requests: { storage: '1500m' } } };
  t.same(warningsOf({ ephemeral: { volumeClaimTemplate: { spec } } }), [
    'spec.volumes[0].ephemeral.volumeClaimTemplate.spec.resources.requests[storage]: fractional ' +
      'byte value "1500m" is invalid, must be an integer',
  ]);
  const items = [
    { key: 'a', path: 'x' },
    { key: 'b', path: 'x/y/' },
  ];
  t.same(warningsOf({ configMap: { name: 'm', items } }), [
    'volume "v" (ConfigMap "m"): overlapping paths: "x/y" with "x"',
  ]);
  const sources = [{}, { secret: { name: 's', items } }];
  t.same(warningsOf({ projected: { sources } }), [
    'volume "v" (Projected) has no sources provided',
    'volume "v" (Projected): overlapping paths: "x/y" (Secret "s") with "x" (Secret "s")',
  ]);
  t.end();
});

t.test('sources behind gates that are off are dropped', (t) => {
  const sources = [{ clusterTrustBundle: { path: 'p', name: 'n' } }];
  const pod = podOf([{ name: 'v', projected: { sources } }]);
  t.match(created(podResource, pod).spec, { volumes: [{ projected: { sources: [{}] } }] });
  t.end();
});

t.test('defaults of templates for claims', (t) => {
  const spec = { ...claimSpec, resources: { requests: { storage: '1500100u' } } };
  const pod = podOf([{ name: 'v', ephemeral: { volumeClaimTemplate: { spec } } }]);
  t.match(defaulted(podResource, pod).spec, {
    volumes: [
      {
        ephemeral: {
          volumeClaimTemplate: {
            spec: { volumeMode: 'Filesystem', resources: { requests: { storage: '1501m' } } },
          },
        },
      },
    ],
  });
  t.end();
});
