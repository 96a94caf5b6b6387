// Nodes: taints, pod ranges, capacity, and the fields that are set once.
import type { Node } from '../../objects.ts';
import { duplicate, type FieldError, FieldPath, forbiddenField, invalidValue } from '../field.ts';
import { parseCidr } from './ip-range.ts';
import { validateResourceAmount } from './resource-validation.ts';
import { validateTaints } from './toleration-validation.ts';

const specPath = FieldPath.of('spec');
const statusPath = FieldPath.of('status');
const cidrMessage = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)';

export function validateNode(node: Node): FieldError[] {
  // Upstream looks for taints where they once were.
  const errors = validateTaints(node.spec?.taints ?? [], FieldPath.of('metadata', 'taints'));
  errors.push(...validateCapacity(node));
  const path = specPath.child('podCIDRs');
  const cidrs = node.spec?.podCIDRs ?? [];
  const wrong = cidrs.flatMap((cidr, index) =>
    parseCidr(cidr) === undefined ? [invalidValue(path.index(index), cidr, cidrMessage)] : [],
  );
  errors.push(...wrong);
  if (wrong.length > 0 || cidrs.length < 2) return errors;
  const families = new Set(cidrs.map((cidr) => parseCidr(cidr)?.family));
  if (cidrs.length > 2 || families.size !== 2) {
    const why = 'may specify no more than one CIDR for each IP family';
    errors.push(invalidValue(path, cidrs, why));
  }
  return errors;
}

function validateCapacity({ status }: Node): FieldError[] {
  return (['capacity', 'allocatable'] as const).flatMap((field) =>
    Object.entries(status?.[field] ?? {}).flatMap(([name, amount]) =>
      validateResourceAmount(name, amount, statusPath.child(field).key(name)),
    ),
  );
}

/** Ranges and provider ID are set once; everything else may change. */
export function validateNodeUpdate(next: Node, old: Node): FieldError[] {
  const errors: FieldError[] = [];
  const before = old.spec?.podCIDRs ?? [];
  const after = next.spec?.podCIDRs ?? [];
  if (before.length > 0) {
    const why = 'node updates may not change podCIDR except from "" to valid';
    if (before.length !== after.length) {
      errors.push(forbiddenField(specPath.child('podCIDRs'), why));
    } else {
      after.forEach((cidr, index) => {
        if (cidr === before[index]) return;
        errors.push(forbiddenField(specPath.child('podCIDRs').index(index), why));
      });
    }
  }
  if (old.spec?.providerID && next.spec?.providerID !== old.spec.providerID) {
    const why = 'node updates may not change providerID except from "" to valid';
    errors.push(forbiddenField(specPath.child('providerID'), why));
  }
  return [...errors, ...validateUniqueAddresses(next)];
}

function validateUniqueAddresses({ status }: Node): FieldError[] {
  const seen = new Set<string>();
  const path = statusPath.child('addresses');
  return (status?.addresses ?? []).flatMap((address, index) => {
    const identity = `${address.type}/${address.address}`;
    if (!seen.has(identity)) {
      seen.add(identity);
      return [];
    }
    return [duplicate(path.index(index), address)];
  });
}

export function nodeWarnings(node: Node): readonly string[] {
  const warnings: string[] = [];
  if (node.spec?.configSource) {
    warnings.push('spec.configSource: the feature is removed and this configuration has no effect');
  }
  if (node.spec?.externalID) {
    warnings.push('spec.externalID: this field is deprecated, and is unused by Kubernetes');
  }
  return warnings;
}
