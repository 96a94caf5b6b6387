// The claims on devices that a pod makes: each has a name and is or makes one ResourceClaim.
import type { PodSpec } from '../../objects.ts';
import { duplicate, type FieldError, type FieldPath, invalidValue, required } from '../field.ts';
import { validateDns1123Label, validateDns1123Subdomain } from '../metadata/names.ts';
import { invalidEach } from '../metadata/object-meta.ts';

type Claim = NonNullable<PodSpec['resourceClaims']>[number];

export function validatePodResourceClaims(claims: readonly Claim[], path: FieldPath): FieldError[] {
  const names = new Set<string>();
  return claims.flatMap((claim, index) => {
    const own = path.index(index);
    const errors = [...validateName(claim.name ?? '', names, own), ...validateSource(claim, own)];
    names.add(claim.name ?? '');
    return errors;
  });
}

function validateName(name: string, names: ReadonlySet<string>, path: FieldPath): FieldError[] {
  const own = path.child('name');
  if (name === '') return [required(own)];
  if (names.has(name)) return [duplicate(own, name)];
  return invalidEach(own, name, validateDns1123Label(name));
}

function validateSource(claim: Claim, path: FieldPath): FieldError[] {
  const { resourceClaimName: existing, resourceClaimTemplateName: template } = claim;
  const errors: FieldError[] = [];
  // As Go writes its own type, which has no names for JSON.
  const shown = {
    Name: claim.name ?? '',
    ResourceClaimName: existing ?? null,
    ResourceClaimTemplateName: template ?? null,
  };
  if (existing !== undefined && template !== undefined) {
    const why =
      'at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified';
    errors.push(invalidValue(path, shown, why));
  }
  if (existing === undefined && template === undefined) {
    const why = 'must specify one of: `resourceClaimName`, `resourceClaimTemplateName`';
    errors.push(invalidValue(path, shown, why));
  }
  for (const field of ['resourceClaimName', 'resourceClaimTemplateName'] as const) {
    const name = claim[field];
    if (name === undefined) continue;
    errors.push(...invalidEach(path.child(field), name, validateDns1123Subdomain(name)));
  }
  return errors;
}
