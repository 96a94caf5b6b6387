// Where a pod may run: node selectors, node and pod affinity, topology spread.
import {
  duplicate,
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from '../field.ts';
import {
  validateDns1123Label,
  validateDns1123Subdomain,
  validateLabelValue,
} from '../metadata/names.ts';
import { invalidEach } from '../metadata/object-meta.ts';
import { validateLabelName, validateLabelSelector } from '../selector-validation.ts';
import type {
  Affinity,
  NodeSelector,
  NodeSelectorRequirement,
  NodeSelectorTerm,
  PodAffinity,
  PodAffinityTerm,
  TopologySpreadConstraint,
} from './types.ts';

const requiredName = 'requiredDuringSchedulingIgnoredDuringExecution';
const preferredName = 'preferredDuringSchedulingIgnoredDuringExecution';

function validateRequirement(
  { key, operator, values = [] }: NodeSelectorRequirement,
  path: FieldPath,
  checkValues: boolean,
): FieldError[] {
  const errors: FieldError[] = [];
  const valuesPath = path.child('values');
  if (operator === 'In' || operator === 'NotIn') {
    if (values.length === 0) {
      errors.push(required(valuesPath, "must be specified when `operator` is 'In' or 'NotIn'"));
    }
  } else if (operator === 'Exists' || operator === 'DoesNotExist') {
    if (values.length > 0) {
      const why = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
      errors.push(forbiddenField(valuesPath, why));
    }
  } else if (operator === 'Gt' || operator === 'Lt') {
    if (values.length !== 1) {
      const why = "must be specified single value when `operator` is 'Lt' or 'Gt'";
      errors.push(required(valuesPath, why));
    }
  } else {
    errors.push(
      invalidValue(path.child('operator'), operator ?? '', 'not a valid selector operator'),
    );
  }
  errors.push(...validateLabelName(key ?? '', path.child('key')));
  if (!checkValues) return errors;
  values.forEach((value, index) => {
    errors.push(...invalidEach(valuesPath.index(index), value, validateLabelValue(value)));
  });
  return errors;
}

function validateFieldRequirement(
  { key, operator, values = [] }: NodeSelectorRequirement,
  path: FieldPath,
): FieldError[] {
  const errors: FieldError[] = [];
  if (operator === 'In' || operator === 'NotIn') {
    if (values.length !== 1) {
      const why =
        "must be only one value when `operator` is 'In' or 'NotIn' for node field selector";
      errors.push(required(path.child('values'), why));
    }
  } else {
    errors.push(
      invalidValue(path.child('operator'), operator ?? '', 'not a valid selector operator'),
    );
  }
  if (key !== 'metadata.name') {
    return [
      ...errors,
      invalidValue(path.child('key'), key ?? '', 'not a valid field selector key'),
    ];
  }
  values.forEach((value, index) => {
    const own = path.child('values').index(index);
    errors.push(...invalidEach(own, value, validateDns1123Subdomain(value)));
  });
  return errors;
}

function validateTerm(term: NodeSelectorTerm, path: FieldPath, checkValues: boolean): FieldError[] {
  return [
    ...(term.matchExpressions ?? []).flatMap((each, index) =>
      validateRequirement(each, path.child('matchExpressions').index(index), checkValues),
    ),
    ...(term.matchFields ?? []).flatMap((each, index) =>
      validateFieldRequirement(each, path.child('matchFields').index(index)),
    ),
  ];
}

/** `checkValues`: the values that a label is to have must be values that labels can have. */
export function validateNodeSelector(
  selector: NodeSelector,
  path: FieldPath,
  checkValues = true,
): FieldError[] {
  const termsPath = path.child('nodeSelectorTerms');
  const terms = selector.nodeSelectorTerms ?? [];
  if (terms.length === 0) {
    return [required(termsPath, 'must have at least one node selector term')];
  }
  return terms.flatMap((term, index) => validateTerm(term, termsPath.index(index), checkValues));
}

function validateWeight(weight: number | undefined, path: FieldPath): FieldError[] {
  if (weight !== undefined && weight >= 1 && weight <= 100) return [];
  return [invalidValue(path, weight ?? 0, 'must be in the range 1-100')];
}

function validatePodAffinityTerm(term: PodAffinityTerm, path: FieldPath): FieldError[] {
  const errors = [
    ...validateLabelSelector(term.labelSelector, path.child('labelSelector')),
    ...validateLabelSelector(term.namespaceSelector, path.child('namespaceSelector')),
  ];
  for (const name of term.namespaces ?? []) {
    errors.push(...invalidEach(path.child('namespace'), name, validateDns1123Label(name)));
  }
  errors.push(...validateMatchLabelKeys(term, path));
  const keyPath = path.child('topologyKey');
  if (!term.topologyKey) errors.push(required(keyPath, 'can not be empty'));
  return [...errors, ...validateLabelName(term.topologyKey ?? '', keyPath)];
}

function validateMatchLabelKeys(term: PodAffinityTerm, path: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  for (const field of ['matchLabelKeys', 'mismatchLabelKeys'] as const) {
    const keys = term[field] ?? [];
    if (keys.length > 0 && !term.labelSelector) {
      const why = 'must not be specified when labelSelector is not set';
      errors.push(forbiddenField(path.child(field), why));
    }
    keys.forEach((key, index) => {
      errors.push(...validateLabelName(key, path.child(field).index(index)));
    });
  }
  return errors;
}

function validatePodAffinity(affinity: PodAffinity | undefined, path: FieldPath): FieldError[] {
  if (!affinity) return [];
  const errors: FieldError[] = [];
  (affinity[requiredName] ?? []).forEach((term, index) => {
    errors.push(...validatePodAffinityTerm(term, path.child(requiredName).index(index)));
  });
  (affinity[preferredName] ?? []).forEach((each, index) => {
    const own = path.child(preferredName).index(index);
    errors.push(...validateWeight(each.weight, own.child('weight')));
    errors.push(...validatePodAffinityTerm(each.podAffinityTerm, own.child('podAffinityTerm')));
  });
  return errors;
}

export function validateAffinity(affinity: Affinity | undefined, path: FieldPath): FieldError[] {
  if (!affinity) return [];
  const errors: FieldError[] = [];
  const { nodeAffinity } = affinity;
  if (nodeAffinity) {
    const own = path.child('nodeAffinity');
    const selector = nodeAffinity[requiredName];
    if (selector) errors.push(...validateNodeSelector(selector, own.child(requiredName)));
    (nodeAffinity[preferredName] ?? []).forEach((each, index) => {
      const termPath = own.child(preferredName).index(index);
      errors.push(...validateWeight(each.weight, termPath.child('weight')));
      // A preference that no node can meet does no harm.
      errors.push(...validateTerm(each.preference, termPath.child('preference'), false));
    });
  }
  return [
    ...errors,
    ...validatePodAffinity(affinity.podAffinity, path.child('podAffinity')),
    ...validatePodAffinity(affinity.podAntiAffinity, path.child('podAntiAffinity')),
  ];
}

export function validateTopologySpread(
  constraints: readonly TopologySpreadConstraint[],
  path: FieldPath,
): FieldError[] {
  const errors: FieldError[] = [];
  const pairs = constraints.map((each) => `{${each.topologyKey}, ${each.whenUnsatisfiable}}`);
  for (const [index, constraint] of constraints.entries()) {
    const own = path.index(index);
    const { maxSkew, topologyKey, whenUnsatisfiable, minDomains } = constraint;
    if (maxSkew <= 0) {
      errors.push(invalidValue(own.child('maxSkew'), maxSkew, 'must be greater than zero'));
    }
    if (!topologyKey) errors.push(required(own.child('topologyKey'), 'can not be empty'));
    const modes = ['DoNotSchedule', 'ScheduleAnyway'];
    if (!modes.includes(whenUnsatisfiable)) {
      errors.push(notSupported(own.child('whenUnsatisfiable'), whenUnsatisfiable, modes));
    }
    const pair = `{${topologyKey}, ${whenUnsatisfiable}}`;
    // The first of two is the one that upstream calls the duplicate.
    if (pairs.includes(pair, index + 1)) {
      errors.push(duplicate(own.child('{topologyKey, whenUnsatisfiable}'), pair));
    }
    if (minDomains !== undefined && minDomains <= 0) {
      errors.push(invalidValue(own.child('minDomains'), minDomains, 'must be greater than zero'));
    }
    for (const field of ['nodeAffinityPolicy', 'nodeTaintsPolicy'] as const) {
      const policy = constraint[field];
      if (policy !== undefined && policy !== 'Honor' && policy !== 'Ignore') {
        errors.push(notSupported(own.child(field), policy, ['Honor', 'Ignore']));
      }
    }
    errors.push(...validateLabelSelector(constraint.labelSelector, own.child('labelSelector')));
  }
  return errors;
}
