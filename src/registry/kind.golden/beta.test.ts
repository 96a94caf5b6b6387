// Golden: kinds that Kubernetes has off by default, the beta and alpha ones.
import { generateKeyPairSync, sign } from 'node:crypto';
import t from 'tap';
import { createAuthority, createSigningRequest } from '../../certificates.ts';
import { systemClock } from '../../clock.ts';
import { storageVersionResource } from '../apiserverinternal/storage-version.ts';
import { builtinResources } from '../builtin.ts';
import { clusterTrustBundleResource } from '../certificates/cluster-trust-bundle.ts';
import { podCertificateRequestResource } from '../certificates/pod-certificate-request.ts';
import { leaseCandidateResource } from '../coordination/lease-candidate.ts';
import { deviceTaintRuleResource } from '../resource/device-taint-rule.ts';
import { resourcePoolStatusRequestResource } from '../resource/resource-pool-status-request.ts';
import type { ApiObject, Resource } from '../resource.ts';
import { podGroupResource } from '../scheduling/pod-group.ts';
import { workloadResource } from '../scheduling/workload.ts';
import { storageVersionMigrationResource } from '../storagemigration/storage-version-migration.ts';
import { context, created, createErrors, row, updateErrors, withValue } from './golden.ts';

const metadata = { name: 'x', creationTimestamp: '2025-12-31T23:59:00Z' };

function statusErrors(resource: Resource, next: object, old: object = { status: {} }): string[] {
  const [after, before] = [next, old].map((each) => ({ metadata: {}, spec: {}, ...each }));
  const errors =
    resource.validateStatusUpdate?.(after as ApiObject, before as ApiObject, context) ?? [];
  return errors.map((error) => `${error.field}: ${error.message}`);
}

t.test('no beta or alpha version is served by default', (t) => {
  for (const { kind, groups } of builtinResources) {
    for (const { version, served } of groups.flatMap(({ versions }) => versions)) {
      if (/alpha|beta/.test(version)) t.equal(served, false, `${kind} ${version}`);
    }
  }
  t.end();
});

t.test('lease candidates', (t) => {
  const spec = {
    leaseName: 'l',
    binaryVersion: '1.36.0',
    emulationVersion: '1.35.0',
    strategy: 'OldestEmulationVersion',
  };
  t.strictSame(createErrors(leaseCandidateResource, { spec }), []);
  t.strictSame(createErrors(leaseCandidateResource, { spec: {} }), [
    'spec.leaseName: Required value',
    'spec.binaryVersion: Required value',
    'spec.strategy: Required value',
  ]);
  const wrong = { ...spec, binaryVersion: '1.34.9', emulationVersion: '1.35', strategy: 'Mine' };
  t.strictSame(createErrors(leaseCandidateResource, { spec: wrong }), [
    'spec.emulationVersion: Invalid value: "1.35": must be a valid semantic version',
    'spec.strategy.strategy: Unsupported value: "Mine": supported values: "OldestEmulationVersion"',
  ]);
  const old = { ...spec, binaryVersion: '1.34.0' };
  t.strictSame(createErrors(leaseCandidateResource, { spec: old }), [
    'spec.binaryVersion: Invalid value: "1.34.0": must be greater than or equal to `emulationVersion`',
  ]);
  const moved = { spec: { ...spec, leaseName: 'm' } };
  t.strictSame(updateErrors(leaseCandidateResource, moved, { spec }), [
    'spec.leaseName: Invalid value: "m": field is immutable',
  ]);
  t.strictSame(row(leaseCandidateResource, { metadata, spec }), [
    'x',
    'l',
    '1.36.0',
    '1.35.0',
    '60s',
  ]);
  t.end();
});

t.test('migrations of stored versions', (t) => {
  const spec = { resource: { group: 'apps', resource: 'deployments' } };
  t.strictSame(createErrors(storageVersionMigrationResource, { spec }), []);
  t.strictSame(createErrors(storageVersionMigrationResource, { spec: {} }), [
    'spec.resource.resource: Required value: resource is required to be set',
  ]);
  const condition = (type: string, status = 'True') => ({
    type,
    status,
    reason: 'R',
    message: '',
    lastTransitionTime: metadata.creationTimestamp,
  });
  const both = { conditions: [condition('Succeeded'), condition('Failed')], resourceVersion: 'a' };
  const before = { status: { resourceVersion: '1', conditions: [condition('Succeeded')] } };
  t.match(statusErrors(storageVersionMigrationResource, { status: both }, before), [
    'status.resourceVersion: Invalid value: "a": resource version is not well formed: a',
    'status.resourceVersion: Invalid value: "a": field is immutable',
    /^status.conditions: .*Both success and failed conditions cannot be true at the same time$/,
  ]);
  const undone = { status: { resourceVersion: '1', conditions: [] } };
  t.strictSame(statusErrors(storageVersionMigrationResource, undone, before), [
    'status.conditions: Invalid value: []: Success condition cannot be set to false once it is true',
  ]);
  const running = { metadata, spec, status: { conditions: [condition('Running')] } };
  t.strictSame(row(storageVersionMigrationResource, running), ['x', 'deployments.apps', 'Running']);
  t.end();
});

t.test('storage versions', (t) => {
  t.strictSame(storageVersionResource.validateName?.('apps', false), [
    'name must be in the form of <group>.<resource>',
  ]);
  t.strictSame(storageVersionResource.validateName?.('apps.deployments', false), []);
  const server = {
    apiServerID: 'a',
    encodingVersion: 'apps/v1',
    decodableVersions: ['apps/v1'],
    servedVersions: ['apps/v2'],
  };
  const status = {
    storageVersions: [server, server],
    conditions: [{ type: 'A', status: 'B', reason: '' }],
  };
  t.strictSame(statusErrors(storageVersionResource, { status }), [
    'status.storageVersions[0].servedVersions[0]: Invalid value: "apps/v2": individual served version : apps/v2 must be included in decodableVersions : [apps/v1]',
    'status.storageVersions[1].apiServerID: Duplicate value: "a"',
    'status.storageVersions[1].servedVersions[0]: Invalid value: "apps/v2": individual served version : apps/v2 must be included in decodableVersions : [apps/v1]',
    'status.commonEncodingVersion: Invalid value: null: the common encoding version is apps/v1',
    'status[0].reason: Required value',
    'status[0].message: Required value',
  ]);
  const servers = ['a', 'b', 'c', 'd'].map((apiServerID) => ({ ...server, apiServerID }));
  t.strictSame(row(storageVersionResource, { metadata, status: { storageVersions: servers } }), [
    'x',
    '<unset>',
    'a=apps/v1,b=apps/v1,c=apps/v1 + 1 more...',
    '60s',
  ]);
  t.end();
});

t.test('taint rules and pool requests', (t) => {
  const rule = {
    spec: { deviceSelector: { driver: '', device: 'D' }, taint: { key: 'k', effect: '' } },
  };
  t.match(createErrors(deviceTaintRuleResource, rule), [
    'spec.deviceSelector.driver: Required value',
    /^spec.deviceSelector.device: Invalid value: "D"/,
    'spec.taint.effect: Required value',
  ]);
  const taint = { key: 'k', effect: 'None', timeAdded: metadata.creationTimestamp };
  const next = { metadata: {}, spec: { taint: { ...taint, effect: 'NoExecute' } } };
  deviceTaintRuleResource.prepareUpdate?.(next, { metadata: {}, spec: { taint } }, context);
  t.equal(next.spec.taint.timeAdded, '2026-01-01T00:00:00Z', 'a new effect stands since now');
  t.strictSame(row(deviceTaintRuleResource, { metadata, spec: { taint } }), [
    'x',
    'k',
    '',
    'None',
    '60s',
    '60s',
  ]);
  const request = { spec: { driver: 'd.example.com' } };
  t.match(created(resourcePoolStatusRequestResource, request).spec, { limit: 100 });
  t.strictSame(
    createErrors(resourcePoolStatusRequestResource, withValue(request, 'spec.limit', 1001)),
    ['spec.limit: Invalid value: 1001: must be less than or equal to 1000'],
  );
  const pools = [
    { totalDevices: 4, availableDevices: 1, allocatedDevices: 3 },
    { validationError: 'x' },
  ];
  const complete = {
    type: 'Complete',
    status: 'True',
    lastTransitionTime: metadata.creationTimestamp,
  };
  const done = { metadata, ...request, status: { pools, poolCount: 3, conditions: [complete] } };
  t.strictSame(row(resourcePoolStatusRequestResource, done), [
    'x',
    'd.example.com',
    ...['4', '1', '3', '0', '1'],
    3,
    'Complete (2/3 pools)',
    '60s',
  ]);
  t.end();
});

t.test('pod groups and workloads', (t) => {
  const gang = { gang: { minCount: 2 } };
  t.strictSame(createErrors(podGroupResource, { spec: { schedulingPolicy: gang } }), []);
  t.strictSame(
    createErrors(podGroupResource, {
      spec: { podGroupTemplateRef: {}, schedulingPolicy: { basic: {}, gang: { minCount: 0 } } },
    }),
    [
      'spec.podGroupTemplateRef: Invalid value: "": must specify one of: `workload`',
      'spec.schedulingPolicy: Invalid value: "{basic, gang}": must specify exactly one of: `basic`, `gang`',
    ],
  );
  const spec = {
    podGroupTemplates: [
      { name: 'a', schedulingPolicy: gang, priority: 1 },
      { name: 'a', schedulingPolicy: { gang: { minCount: -1 } } },
    ],
  };
  t.strictSame(createErrors(workloadResource, { spec }), [
    'spec.podGroupTemplates[1]: Duplicate value: {"name":"a"}',
    'spec.podGroupTemplates[1].schedulingPolicy.gang.minCount: Invalid value: -1: must be greater than or equal to 1',
  ]);
  t.strictSame(createErrors(workloadResource, { spec: {} }), [
    'spec.podGroupTemplates: Required value',
  ]);
  const group = created(podGroupResource, { spec: { schedulingPolicy: gang, priority: 1 } });
  t.strictSame(group.spec, { schedulingPolicy: gang }, 'gated fields are dropped');
  t.strictSame(row(podGroupResource, { ...group, metadata }), [
    'x',
    'Gang',
    '<none>',
    'Pending',
    '60s',
  ]);
  t.end();
});

t.test('trust bundles', async (t) => {
  const { certificate } = await createAuthority('ca', systemClock);
  const bundle = (name: string, spec: object) => ({ metadata: { name }, spec });
  const good = bundle('example.com:s:a', { signerName: 'example.com/s', trustBundle: certificate });
  t.strictSame(createErrors(clusterTrustBundleResource, good), []);
  const cases: [name: string, spec: object, errors: string[]][] = [
    [
      'a:b',
      { trustBundle: '' },
      [
        'metadata.name: Invalid value: "a:b": ClusterTrustBundle without signer name must not have ":" in its name',
        'spec.trustBundle: Invalid value: "<value omitted>": at least one trust anchor must be provided',
      ],
    ],
    [
      'a',
      { signerName: 'example.com/s', trustBundle: `${certificate}\n${certificate}` },
      [
        'metadata.name: Invalid value: "a": ClusterTrustBundle for signerName example.com/s must be named with prefix example.com:s:',
        'spec.trustBundle: Invalid value: "<value omitted>": duplicate trust anchor (indices [0 1])',
      ],
    ],
    [
      'a',
      { trustBundle: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n' },
      ['spec.trustBundle: Invalid value: "<value omitted>": entry 0 does not parse as X.509'],
    ],
  ];
  for (const [name, spec, errors] of cases) {
    t.strictSame(createErrors(clusterTrustBundleResource, bundle(name, spec)), errors);
  }
});

t.test('certificates for pods', async (t) => {
  const uids = { podUID: 'p-1', serviceAccountUID: 's-1', nodeUID: 'n-1' };
  const names = { podName: 'p', serviceAccountName: 's', nodeName: 'n' };
  const { csr } = await createSigningRequest({ commonName: 'p' });
  const stub = csr.replaceAll(/-----[^-]+-----|\s/g, '');
  const spec = { signerName: 'example.com/s', ...names, ...uids, stubPKCS10Request: stub };
  const base = { metadata, spec };
  t.strictSame(createErrors(podCertificateRequestResource, base), []);
  t.match(created(podCertificateRequestResource, base).spec, { maxExpirationSeconds: 86_400 });
  const pair = generateKeyPairSync('ed25519');
  const pkixPublicKey = pair.publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
  const proof = (text: string) => sign(null, Buffer.from(text), pair.privateKey).toString('base64');
  const { stubPKCS10Request: _stub, ...rest } = spec;
  const byKey = { ...rest, pkixPublicKey, proofOfPossession: proof('p-1') };
  t.strictSame(createErrors(podCertificateRequestResource, { spec: byKey }), []);
  const cases: [spec: object, errors: string[]][] = [
    [
      rest,
      [
        'spec: Invalid value: exactly one of (stubPKCS10Request) or (pkixPublicKey, proofOfPossession) must be set',
      ],
    ],
    [
      { ...byKey, proofOfPossession: proof('p-2') },
      ['spec.proofOfPossession: Invalid value: could not verify proof-of-possession signature'],
    ],
    [
      { ...spec, stubPKCS10Request: 'AAAA', maxExpirationSeconds: 60, podUID: '' },
      [
        'spec.podUID: Invalid value: "": must not be empty',
        'spec.maxExpirationSeconds: Invalid value: 60: must be in the range [3600, 7862400]',
        'spec.stubPKCS10Request: Invalid value: must be a valid PKCS#10 CSR',
      ],
    ],
    [
      { ...spec, unverifiedUserAnnotations: { plain: 'x' } },
      [
        'spec.unverifiedUserAnnotations: Invalid value: "plain": must be a domain-prefixed key (such as "acme.io/foo")',
      ],
    ],
  ];
  for (const [each, errors] of cases) {
    t.strictSame(createErrors(podCertificateRequestResource, { spec: each }), errors);
  }
  const condition = (type: string) => ({
    type,
    status: 'True',
    reason: 'R',
    message: '',
    lastTransitionTime: metadata.creationTimestamp,
  });
  const answer = (status: object, old: object = {}) =>
    statusErrors(podCertificateRequestResource, { spec, status }, { spec, status: old });
  t.strictSame(answer({ conditions: [condition('Denied')] }), []);
  t.strictSame(answer({ certificateChain: 'x' }), [
    'status: Invalid value: status is immutable unless transitioning to "Issued", "Denied", or "Failed"',
  ]);
  t.strictSame(answer({}, { conditions: [condition('Failed')] }), [
    'status: Invalid value: immutable after PodCertificateRequest is issued, denied, or failed',
  ]);
  t.strictSame(answer({ conditions: [condition('Issued')] }), [
    'status.certificateChain: Invalid value: "": issued certificate chain must contain at least one certificate',
  ]);
  t.match(answer({ conditions: [condition('Mine')] }), [
    'status.conditions.[0].type: Unsupported value: "Mine": supported values: "Issued", "Denied", "Failed"',
  ]);
  t.strictSame(
    row(podCertificateRequestResource, { ...base, status: { conditions: [condition('Issued')] } }),
    ['x', ...['p', 's', 'n', 'example.com/s', 'Issued', '<none>']],
  );
});
