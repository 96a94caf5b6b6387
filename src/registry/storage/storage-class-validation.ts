// StorageClasses: everything but what may be tuned later is fixed with the first claim in mind.
import type { StorageClass } from '../../objects.ts';
import { nodeLabelDeprecation } from '../core/node-label-warnings.ts';
import { duplicate, type FieldError, FieldPath, notSupported, required } from '../field.ts';
import { validateImmutableField } from '../metadata/object-meta.ts';
import { validateLabelName } from '../selector-validation.ts';
import { validateParameters, validateProvisioner } from './class-validation.ts';

type TopologyTerm = NonNullable<StorageClass['allowedTopologies']>[number];
type TopologyRequirement = NonNullable<TopologyTerm['matchLabelExpressions']>[number];

const reclaimPolicies = ['Delete', 'Retain'];
const bindingModes = ['Immediate', 'WaitForFirstConsumer'];

function validateRequirement(requirement: TopologyRequirement, path: FieldPath): FieldError[] {
  const { key } = requirement;
  const values = requirement.values ?? [];
  const valuesPath = path.child('values');
  const errors = values.length === 0 ? [required(valuesPath)] : [];
  for (const [index, value] of values.entries()) {
    if (values.indexOf(value) < index) errors.push(duplicate(valuesPath.index(index), value));
  }
  return [...errors, ...validateLabelName(key ?? '', path.child('key'))];
}

function validateTerm(term: TopologyTerm, path: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const keys = new Set<string>();
  for (const [index, requirement] of (term.matchLabelExpressions ?? []).entries()) {
    const own = path.child('matchLabelExpressions').index(index);
    const { key } = requirement;
    errors.push(...validateRequirement(requirement, own));
    if (keys.has(key)) errors.push(duplicate(own.child('key'), key));
    keys.add(key);
  }
  return errors;
}

/** One text for terms that ask for the same, in whatever order. */
function meaningOf(term: TopologyTerm): string {
  const byKey = new Map(
    (term.matchLabelExpressions ?? []).map(({ key, values }) => [
      key,
      [...new Set(values ?? [])].sort(),
    ]),
  );
  return JSON.stringify([...byKey].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function validateTopologies(terms: readonly TopologyTerm[], path: FieldPath): FieldError[] {
  // Upstream compares with as many empty terms as there are terms: an empty one is never unique.
  const seen = terms.map(() => '[]');
  return terms.flatMap((term, index) => {
    const own = path.index(index);
    const meaning = meaningOf(term);
    const same = seen.filter((other) => other === meaning);
    seen.push(meaning);
    return [
      ...validateTerm(term, own),
      ...same.map(() => duplicate(own.child('matchLabelExpressions'), '')),
    ];
  });
}

export function validateStorageClass(storageClass: StorageClass): FieldError[] {
  const { provisioner, parameters, reclaimPolicy, volumeBindingMode } = storageClass;
  const errors = [
    ...validateProvisioner(provisioner, FieldPath.of('provisioner')),
    ...validateParameters(parameters, FieldPath.of('parameters')),
  ];
  if (reclaimPolicy && !reclaimPolicies.includes(reclaimPolicy)) {
    errors.push(notSupported(FieldPath.of('reclaimPolicy'), reclaimPolicy, reclaimPolicies));
  }
  const modePath = FieldPath.of('volumeBindingMode');
  if (volumeBindingMode === undefined) errors.push(required(modePath));
  else if (!bindingModes.includes(volumeBindingMode)) {
    errors.push(notSupported(modePath, volumeBindingMode, bindingModes));
  }
  const topologies = FieldPath.of('allowedTopologies');
  return [...errors, ...validateTopologies(storageClass.allowedTopologies ?? [], topologies)];
}

const immutable = ['parameters', 'provisioner', 'reclaimPolicy', 'volumeBindingMode'] as const;

export function validateStorageClassUpdate(next: StorageClass, old: StorageClass): FieldError[] {
  return immutable.flatMap((field) =>
    validateImmutableField(next[field], old[field], FieldPath.of(field)),
  );
}

export function storageClassWarnings({ allowedTopologies }: StorageClass): string[] {
  return (allowedTopologies ?? []).flatMap((term, index) =>
    (term.matchLabelExpressions ?? []).flatMap(({ key }, at) => {
      const why = nodeLabelDeprecation(key);
      if (why === undefined) return [];
      const path = FieldPath.of('allowedTopologies').index(index);
      return [`${path.child('matchLabelExpressions').index(at).child('key')}: ${why}`];
    }),
  );
}
