// Golden: claims, their templates, device classes and slices.
import t from 'tap';
import { deviceClassResource } from '../resource/device-class.ts';
import { resourceClaimResource } from '../resource/resource-claim.ts';
import { resourceClaimTemplateResource } from '../resource/resource-claim-template.ts';
import { resourceSliceResource } from '../resource/resource-slice.ts';
import type { ApiObject, Resource } from '../resource.ts';
import {
  context,
  created,
  createErrors,
  defaulted,
  row,
  updateErrors,
  withValue,
} from './golden.ts';

const creationTimestamp = '2025-12-31T23:59:00Z';
const exactly = { deviceClassName: 'gpu' };
const claim = {
  metadata: { name: 'c', creationTimestamp },
  spec: { devices: { requests: [{ name: 'r', exactly }] } },
};
const pool = { name: 'p', generation: 1, resourceSliceCount: 1 };
const slice = {
  metadata: { name: 's', creationTimestamp },
  spec: { driver: 'gpu.example.com', pool, nodeName: 'n1', devices: [{ name: 'd0' }] },
};

const nameMessage =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const referenceMessage =
  "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'";

t.test('a request means one device, a toleration equality', (t) => {
  const tolerations = [{ key: 'k', value: 'v' }];
  const requests = [
    { name: 'a', exactly: { ...exactly, tolerations } },
    { name: 'b', firstAvailable: [{ name: 's', ...exactly, allocationMode: 'All' }] },
  ];
  const given = withValue(claim, 'spec.devices.requests', requests);
  t.strictSame(defaulted(resourceClaimResource, given).spec, {
    devices: {
      requests: [
        {
          name: 'a',
          exactly: {
            ...exactly,
            tolerations: [{ key: 'k', value: 'v', operator: 'Equal' }],
            allocationMode: 'ExactCount',
            count: 1,
          },
        },
        requests[1],
      ],
    },
  });
  t.strictSame(createErrors(resourceClaimResource, given), []);
  t.end();
});

t.test('errors on create', (t) => {
  const cases: [resource: Resource, object: object, errors: string[]][] = [
    [
      resourceClaimResource,
      {
        spec: {
          devices: {
            requests: [
              { name: 'A' },
              { name: 'b', exactly, firstAvailable: [{ name: 's', deviceClassName: 'x' }] },
              { name: 'c', exactly: { deviceClassName: '', allocationMode: 'All', count: 2 } },
              { name: 'c', exactly: { ...exactly, allocationMode: 'Some', selectors: [{}] } },
            ],
            constraints: [{ requests: ['x', 'c', 'c'] }, { matchAttribute: 'a' }],
            config: [
              {},
              { opaque: { driver: 'D.example.com', parameters: [1] }, requests: ['b/s', 'b/t'] },
            ],
          },
        },
      },
      [
        `spec.devices.requests[0].name: Invalid value: "A": ${nameMessage}`,
        'spec.devices.requests[0]: Required value: exactly one of `exactly` or `firstAvailable` is required',
        'spec.devices.requests[1]: Invalid value: null: exactly one of `exactly` or `firstAvailable` is required, but multiple fields are set',
        'spec.devices.requests[2].exactly.deviceClassName: Required value',
        "spec.devices.requests[2].exactly.count: Invalid value: 2: must not be specified when allocationMode is 'All'",
        'spec.devices.requests[3].exactly.selectors[0].cel: Required value',
        'spec.devices.requests[3].exactly.allocationMode: Unsupported value: "Some": supported values: "All", "ExactCount"',
        'spec.devices.requests[3]: Duplicate value: "c"',
        `spec.devices.constraints[0].requests[0]: Invalid value: "x": ${referenceMessage}`,
        'spec.devices.constraints[0].requests[2]: Duplicate value: "c"',
        'spec.devices.constraints[0]: Required value: exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set',
        'spec.devices.constraints[1].matchAttribute: Invalid value: "a": a fully qualified name must be a domain and a name separated by a slash',
        'spec.devices.config[0].opaque: Required value',
        `spec.devices.config[1].requests[1]: Invalid value: "b/t": ${referenceMessage}`,
        'spec.devices.config[1].opaque.parameters: Invalid value: "<value omitted>": must be a valid JSON object',
      ],
    ],
    [
      resourceClaimResource,
      withValue(
        claim,
        'spec.devices.requests',
        Array.from({ length: 33 }, (_, index) => ({ name: `r${index}` })),
      ),
      ['spec.devices.requests: Too many: 33: must have at most 32 items'],
    ],
    [
      resourceClaimTemplateResource,
      { spec: { metadata: { name: 'x', labels: { a: ' ' } }, spec: claim.spec } },
      [
        "spec.metadata.labels: Invalid value: \" \": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
        'spec.metadata.name: Forbidden: cannot be set',
      ],
    ],
    [
      deviceClassResource,
      { spec: { selectors: [{}], config: [{}], extendedResourceName: 'cpu' } },
      [
        'spec.selectors[0].cel: Required value',
        'spec.config[0].opaque: Required value',
        'spec.extendedResourceName: Invalid value: "cpu": must be a valid extended resource name',
      ],
    ],
    [
      resourceSliceResource,
      {
        spec: {
          driver: '',
          pool: { name: 'a//b', generation: -1, resourceSliceCount: 0 },
          nodeName: '',
          allNodes: false,
          devices: [{ name: 'd', nodeName: 'n' }],
          sharedCounters: [{ name: 'c' }],
        },
      },
      [
        'spec.driver: Required value',
        "spec.pool.name: Invalid value: \"\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
        'spec.pool.resourceSliceCount: Invalid value: 0: must be greater than zero',
        'spec.pool.generation: Invalid value: -1: must be greater than or equal to zero',
        'spec.nodeName: Invalid value: "": must be either unset or set to a non-empty string',
        'spec.allNodes: Invalid value: false: must be either unset or set to true',
        'spec: Required value: exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required',
        'spec: Invalid value: "": only one of `sharedCounters` or `devices` is allowed',
        'spec.devices[0]: Invalid value: null: `nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the ResourceSlice spec',
        'spec.sharedCounters[0].counters: Required value',
      ],
    ],
  ];
  for (const [resource, object, errors] of cases) {
    t.strictSame(createErrors(resource, object), errors, resource.kind);
  }
  t.strictSame(createErrors(resourceSliceResource, slice), []);
  t.end();
});

t.test('errors of a device', (t) => {
  const cases: [device: object, errors: string[]][] = [
    [
      {
        attributes: {
          'a.b/': { bool: true },
          c: {},
          v: { version: '1.0' },
          w: { string: 'x', int: 1 },
        },
      },
      [
        'attributes: Invalid value: "": the name must not be empty',
        'attributes[c]: Invalid value: "": exactly one value must be specified',
        'attributes[v].version: Invalid value: "1.0": must be a string compatible with semver.org spec 2.0.0',
        'attributes[w]: Invalid value: {"string":"x","int":1}: exactly one value must be specified',
      ],
    ],
    [
      { capacity: { memory: { value: '4Gi', requestPolicy: {} } } },
      ['capacity[memory].requestPolicy: Forbidden: allowMultipleAllocations must be true'],
    ],
    [
      {
        allowMultipleAllocations: true,
        capacity: {
          a: { value: '4', requestPolicy: { default: '5', validValues: ['2', '1', '6'] } },
          b: {
            value: '4',
            requestPolicy: { default: '1', validRange: { min: '2', max: '7', step: '3' } },
          },
          c: { value: '4', requestPolicy: { validValues: ['1'] } },
        },
      },
      [
        'capacity[a].requestPolicy.validValues[1]: Invalid value: "1": values must be sorted in ascending order',
        'capacity[a].requestPolicy.validValues[2]: Invalid value: "6": option is larger than capacity value: 4',
        'capacity[a].requestPolicy.validValues: Invalid value: "5": default value is not valid according to the requestPolicy',
        'capacity[b].requestPolicy.validRange.min: Invalid value: "1": default is less than min: 2',
        'capacity[b].requestPolicy.validRange.max: Invalid value: "7": max is larger than capacity value: 4',
        'capacity[b].requestPolicy.validRange.step: Invalid value: "3": one step 5 is larger than capacity value: 4',
        'capacity[b].requestPolicy.validRange.step: Invalid value: "1": value is not a multiple of a given step (3) from (2)',
        'capacity[b].requestPolicy.validRange.step: Invalid value: "7": value is not a multiple of a given step (3) from (2)',
        'capacity[c].requestPolicy.default: Required value: required when validValues is defined',
      ],
    ],
    [
      {
        taints: [
          { key: 'a', effect: '' },
          { key: 'b', effect: 'No' },
        ],
      },
      [
        'taints[0].effect: Required value',
        'taints[1].effect: Unsupported value: "No": supported values: "NoExecute", "NoSchedule", "None"',
      ],
    ],
    [
      { bindingConditions: ['a', 'a'], bindingFailureConditions: ['a'] },
      [
        'bindingConditions[1]: Duplicate value: "a"',
        'bindingFailureConditions[0]: Invalid value: "a": bindingFailureConditions must not overlap with bindingConditions',
      ],
    ],
  ];
  for (const [device, errors] of cases) {
    const given = withValue(slice, 'spec.devices', [{ name: 'd0', ...device }]);
    const wanted = errors.map((error) => `spec.devices[0].${error}`);
    t.strictSame(createErrors(resourceSliceResource, given), wanted);
  }
  const spec = { ...slice.spec, nodeName: undefined, perDeviceNodeSelection: true };
  const devices = [{ name: 'd' }, { name: 'd', allNodes: true, nodeName: 'n' }];
  const rule =
    'exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is set to true in the ResourceSlice spec';
  t.strictSame(createErrors(resourceSliceResource, { spec: { ...spec, devices } }), [
    `spec.devices[0]: Required value: ${rule}`,
    `spec.devices[1]: Invalid value: "{\`nodeName\`, \`allNodes\`}": ${rule}`,
    'spec.devices[1]: Duplicate value: "d"',
  ]);
  t.end();
});

t.test('what gated features would keep is dropped, and taints get their time', (t) => {
  const device = {
    name: 'd0',
    attributes: { a: { ints: [1] }, b: { int: 1 } },
    nodeAllocatableResourceMappings: { cpu: {} },
    taints: [{ key: 'k', effect: 'None' }],
  };
  const { spec } = created(resourceSliceResource, withValue(slice, 'spec.devices', [device]));
  t.strictSame((spec as { devices: unknown[] }).devices, [
    {
      name: 'd0',
      attributes: { a: {}, b: { int: 1 } },
      taints: [{ key: 'k', effect: 'None', timeAdded: '2026-01-01T00:00:00Z' }],
    },
  ]);
  t.end();
});

t.test('what does not change', (t) => {
  const other = withValue(claim, 'spec.devices', { requests: [] });
  t.match(updateErrors(resourceClaimResource, other, claim), [
    /^spec: Invalid value: .*: field is immutable$/,
  ]);
  const template = { spec: { spec: claim.spec } };
  const changed = { spec: { spec: other.spec } };
  t.match(updateErrors(resourceClaimTemplateResource, changed, template), [/field is immutable$/]);
  const moved = {
    metadata: {},
    spec: {
      ...slice.spec,
      driver: 'other.example.com',
      nodeName: 'n2',
      pool: { ...pool, name: 'q' },
    },
  };
  const errors = resourceSliceResource.validate?.(moved as ApiObject, context, slice) ?? [];
  t.strictSame(
    errors.map((error) => `${error.field}: ${error.message}`),
    [
      'spec.pool.name: Invalid value: "q": field is immutable',
      'spec.driver: Invalid value: "other.example.com": field is immutable',
      'spec.nodeName: Invalid value: "n2": field is immutable',
    ],
  );
  t.end();
});

t.test('status of a claim', (t) => {
  const result = { request: 'r', driver: 'gpu.example.com', pool: 'p', device: 'd0' };
  const allocation = { devices: { results: [result] } };
  const device = { driver: 'gpu.example.com', pool: 'p', device: 'd0' };
  const check = (status: object, old: object = {}, metadata: object = {}) => {
    const next = { ...claim, metadata: { ...claim.metadata, ...metadata }, status };
    const before = { ...claim, status: old };
    return (resourceClaimResource.validateStatusUpdate?.(next, before, context) ?? []).map(
      (error) => `${error.field}: ${error.message}`,
    );
  };
  const reservedFor = [{ resource: 'pods', name: 'a', uid: '1' }];
  t.strictSame(check({ allocation, reservedFor, devices: [device] }), []);
  t.strictSame(check({ reservedFor }), [
    'status.reservedFor: Forbidden: may not be specified when `allocated` is not set',
  ]);
  t.strictSame(
    check({ allocation, reservedFor }, { allocation }, { deletionTimestamp: creationTimestamp }),
    [
      'status.reservedFor: Forbidden: new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set',
    ],
  );
  const wrong = { ...result, request: 'x', shareID: 'A' };
  t.strictSame(
    check({ allocation: { devices: { results: [wrong], config: [{ source: 'X' }] } } }),
    [
      `status.allocation.devices.results[0].request: Invalid value: "x": ${referenceMessage}`,
      'status.allocation.devices.results[0].shareID: Invalid value: "A": error validating uid: invalid UUID length: 1',
      'status.allocation.devices.config[0].source: Unsupported value: "X": supported values: "FromClaim", "FromClass"',
      'status.allocation.devices.config[0].opaque: Required value',
    ],
  );
  t.match(check({ allocation }, { allocation: { devices: {} } }), [
    /^status.allocation: .*immutable$/,
  ]);
  const said = {
    ...device,
    device: 'd1',
    data: 'x',
    networkData: { ips: ['10.0.0.1/33', '2001:0db8::1/64'] },
  };
  t.strictSame(check({ allocation, devices: [said] }), [
    'status.devices[0]: Invalid value: {"Driver":"gpu.example.com","Pool":"p","Device":"d1","ShareID":""}: must be an allocated device in the claim',
    'status.devices[0].data: Invalid value: "<value omitted>": must be a valid JSON object',
    'status.devices[0].networkData.ips[0]: Invalid value: "10.0.0.1/33": must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)',
    'status.devices[0].networkData.ips[1]: Invalid value: "2001:0db8::1/64": must be in canonical form ("2001:db8::1/64")',
  ]);
  const next = { ...claim, status: { devices: [device] } };
  const old = { ...claim, status: { allocation, devices: [device] } };
  resourceClaimResource.prepareStatusUpdate?.(next, old, context);
  t.strictSame(next.status, {}, 'what was said of devices that were taken goes');
  t.end();
});

t.test('rows and warnings', (t) => {
  const states: [status: object, deleted: boolean, cell: string][] = [
    [{}, false, 'pending'],
    [{ allocation: {} }, false, 'allocated'],
    [{ allocation: {}, reservedFor: [{}] }, false, 'allocated,reserved'],
    [{ allocation: {} }, true, 'deleted,allocated'],
    [{}, true, 'deleted'],
  ];
  for (const [status, deleted, cell] of states) {
    const metadata = {
      ...claim.metadata,
      ...(deleted && { deletionTimestamp: creationTimestamp }),
    };
    t.strictSame(row(resourceClaimResource, { metadata, status }), ['c', cell, '60s']);
  }
  t.strictSame(row(resourceSliceResource, slice), ['s', 'n1', 'gpu.example.com', 'p', '60s']);
  const upper = withValue(slice, 'spec.driver', 'GPU.example.com');
  t.strictSame(resourceSliceResource.warnings?.(upper, undefined), [
    'spec.driver: driver names should be lowercase; "GPU.example.com" contains uppercase characters',
  ]);
  t.end();
});

t.test('v1beta1 says the same in another shape', (t) => {
  const version = (resource: Resource) => {
    const found = resource.groups[0]?.versions.find((each) => each.version === 'v1beta1');
    if (found === undefined) throw new Error('v1beta1 is not there');
    t.equal(found.served, false);
    return found;
  };
  const claims = version(resourceClaimResource);
  const requests = [
    { name: 'a', deviceClassName: 'gpu' },
    { name: 'b', deviceClassName: '', firstAvailable: [{ name: 's', deviceClassName: 'x' }] },
  ];
  const given = structuredClone(withValue(claim, 'spec.devices.requests', requests));
  claims.defaults?.(given);
  const wanted = { allocationMode: 'ExactCount', count: 1 };
  const subRequest = { name: 's', deviceClassName: 'x', ...wanted };
  const stored = claims.toStorage?.(structuredClone(given));
  t.strictSame(stored?.spec, {
    devices: {
      requests: [
        { name: 'a', exactly: { deviceClassName: 'gpu', ...wanted } },
        { name: 'b', firstAvailable: [subRequest] },
      ],
    },
  });
  if (stored !== undefined) t.same(claims.fromStorage?.(stored), given);
  const slices = version(resourceSliceResource);
  const devices = [{ name: 'd0', basic: { attributes: { a: { int: 1 } } } }];
  const beta = withValue(slice, 'spec.devices', devices);
  const kept = slices.toStorage?.(structuredClone(beta));
  t.match(kept?.spec, { devices: [{ name: 'd0', attributes: { a: { int: 1 } } }] });
  if (kept !== undefined) t.same(slices.fromStorage?.(kept), beta);
  t.end();
});
