// ServiceCIDR: ranges that cluster IPs of Services are taken from, one of each family at most.
import type { ServiceCIDR } from '../../objects.ts';
import { parseCidr } from '../core/ip-range.ts';
import { validateCanonicalCidr } from '../core/ip-validation.ts';
import { type FieldError, FieldPath, invalidValue, required } from '../field.ts';
import { ageCell, ageColumn, column, nameCell, nameColumn } from '../printer-column.ts';
import { defineResource } from '../resource.ts';

const path = FieldPath.of('spec', 'cidrs');
const immutable = 'field is immutable';

function validateCidrs(cidrs: readonly string[]): FieldError[] {
  if (cidrs.length === 0) return [required(path, 'at least one CIDR required')];
  if (cidrs.length > 2) {
    return [invalidValue(path, { CIDRs: cidrs }, 'may only hold up to 2 values')];
  }
  const errors = cidrs.flatMap((cidr, index) => validateCanonicalCidr(cidr, path.index(index)));
  const [first, second] = cidrs.map((cidr) => parseCidr(cidr)?.family);
  if (cidrs.length === 2 && first !== undefined && first === second) {
    const why =
      'may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64';
    errors.push(invalidValue(path, cidrs, why));
  }
  return errors;
}

/** Nothing may change but that a second family may join. */
function validateChange(next: readonly string[], old: readonly string[]): FieldError[] {
  if (next.length === old.length) {
    return next.flatMap((cidr, index) =>
      cidr === old[index] ? [] : [invalidValue(path.index(index), cidr, immutable)],
    );
  }
  if (old.length !== 1 || next.length !== 2) return [invalidValue(path, next, immutable)];
  const errors = next[0] === old[0] ? [] : [invalidValue(path.index(0), next[0], immutable)];
  return [...errors, ...validateCidrs(next)];
}

export const serviceCidrResource = defineResource<ServiceCIDR>({
  kind: 'ServiceCIDR',
  plural: 'servicecidrs',
  singular: 'servicecidr',
  namespaced: false,
  groups: [
    {
      group: 'networking.k8s.io',
      versions: [
        { version: 'v1', schema: 'io.k8s.api.networking.v1.ServiceCIDR' },
        { version: 'v1beta1', schema: 'io.k8s.api.networking.v1beta1.ServiceCIDR', served: false },
      ],
    },
  ],
  hasGeneration: false,
  hasStatus: true,
  statusKeepsMetadata: true,
  validate: ({ spec }, _context, old) =>
    old === undefined
      ? validateCidrs(spec?.cidrs ?? [])
      : validateChange(spec?.cidrs ?? [], old.spec?.cidrs ?? []),
  table: {
    columns: [
      nameColumn,
      column(
        'CIDRs',
        'CIDRs defines the IP blocks in CIDR notation (e.g. "192.168.0.0/24" or ' +
          '"2001:db8::/64") from which to assign service cluster IPs. Max of two CIDRs is ' +
          'allowed, one of each IP family. This field is immutable.',
      ),
      ageColumn,
    ],
    cells: (cidr, nowMs) => [
      nameCell(cidr),
      (cidr.spec?.cidrs ?? []).join(','),
      ageCell(cidr, nowMs),
    ],
  },
});
