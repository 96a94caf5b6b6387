// Golden cases of what v1.36 says about pods' claims on devices and about endpoint slices.
import t from 'tap';
import { validatePodResourceClaims } from '../core/pod-resource-claims-validation.ts';
import { endpointSliceResource } from '../discovery/endpoint-slice.ts';
import { FieldPath } from '../field.ts';
import { created, createErrors } from './golden.ts';

t.test('claims of a pod', (t) => {
  const path = FieldPath.of('spec', 'resourceClaims');
  const shown = '{"Name":"b","ResourceClaimName":null,"ResourceClaimTemplateName":null}';
  const errors = validatePodResourceClaims(
    [{ name: 'a', resourceClaimName: 'x' }, { name: 'a', resourceClaimName: 'X' }, { name: 'b' }],
    path,
  );
  t.match(
    errors.map(({ field, message }) => `${field}: ${message}`),
    [
      'spec.resourceClaims[1].name: Duplicate value: "a"',
      /^spec.resourceClaims\[1\].resourceClaimName: Invalid value: "X": a lowercase RFC 1123/,
      `spec.resourceClaims[2]: Invalid value: ${shown}: must specify one of: ` +
        '`resourceClaimName`, `resourceClaimTemplateName`',
    ],
  );
  t.end();
});

t.test('endpoint slices', (t) => {
  const slice = (fields: object) => ({ metadata: { name: 'a' }, addressType: 'IPv4', ...fields });
  const endpoint = (fields: object) =>
    slice({ endpoints: [{ addresses: ['1.2.3.4'], ...fields }] });
  t.match(created(endpointSliceResource, endpoint({ deprecatedTopology: { a: 'b' } })), {
    metadata: { generation: 1 },
    endpoints: [{ addresses: ['1.2.3.4'], deprecatedTopology: undefined }],
  });
  t.same(
    createErrors(endpointSliceResource, endpoint({ hints: { forZones: [{ name: '' }] } })),
    [],
  );
  t.same(createErrors(endpointSliceResource, endpoint({ addresses: ['x'] })), [
    'endpoints[0].addresses[0]: Invalid value: "x": must be a valid IP address, ' +
      '(e.g. 10.9.8.7 or 2001:db8::ffff)',
  ]);
  t.same(createErrors(endpointSliceResource, { ...endpoint({}), addressType: 'X' }), [
    'addressType: Unsupported value: "X": supported values: "FQDN", "IPv4", "IPv6"',
  ]);
  t.same(endpointSliceResource.warnings?.(slice({ addressType: 'FQDN' }), undefined), [
    'spec.addressType: FQDN endpoints are deprecated',
  ]);
  t.end();
});
