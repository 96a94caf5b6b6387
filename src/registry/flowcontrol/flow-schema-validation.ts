// What a FlowSchema may say: its precedence, its level, and rules of subjects and requests.
import type { FlowSchema } from '../../objects.ts';
import { sameJson } from '../engine/json.ts';
import {
  duplicate,
  type FieldError,
  FieldPath,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from '../field.ts';
import { validateDns1123Label, validateDns1123Subdomain } from '../metadata/names.ts';
import { mandatorySchemas } from './bootstrap.ts';
import { validateNonResourceUrl } from './non-resource-url.ts';
import type { FlowNonResourceRule, FlowResourceRule, FlowRule, FlowSubject } from './types.ts';

const precedenceMax = 10000;
const distinguishers = ['ByNamespace', 'ByUser'];
const subjectKinds = ['Group', 'ServiceAccount', 'User'];
const supportedVerbs = [
  'create',
  'delete',
  'deletecollection',
  'get',
  'list',
  'patch',
  'proxy',
  'update',
  'watch',
];

export function validateFlowSchema(schema: FlowSchema): readonly FieldError[] {
  const name = schema.metadata?.name ?? '';
  const path = FieldPath.of('spec');
  const errors = validateSpec(name, schema, path);
  const fixed = mandatorySchemas.find((each) => each.metadata?.name === name);
  if (fixed !== undefined && !sameJson(schema.spec, fixed.spec)) {
    errors.push(invalidValue(path, schema.spec, `spec of '${name}' must equal the fixed value`));
  }
  return [...errors, ...validateConditions(schema.status?.conditions)];
}

/** Conditions of either kind: each type once, none without. */
export function validateConditions(
  conditions: readonly { readonly type?: string }[] = [],
): FieldError[] {
  const path = FieldPath.of('status', 'conditions');
  const seen = new Set<string>();
  return conditions.flatMap(({ type = '' }, index) => {
    const at = path.index(index).child('type');
    const errors = seen.has(type) ? [duplicate(at, type)] : [];
    seen.add(type);
    return type === '' ? [...errors, required(at)] : errors;
  });
}

function validateSpec(name: string, { spec }: FlowSchema, path: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const precedence = spec?.matchingPrecedence ?? 0;
  const precedencePath = path.child('matchingPrecedence');
  if (precedence <= 0) {
    errors.push(invalidValue(precedencePath, precedence, 'must be a positive value'));
  }
  if (precedence > precedenceMax) {
    const why = `must not be greater than ${precedenceMax}`;
    errors.push(invalidValue(precedencePath, precedence, why));
  }
  if (precedence === 1 && name !== 'exempt') {
    const why = "only the schema named 'exempt' may have matchingPrecedence 1";
    errors.push(invalidValue(precedencePath, precedence, why));
  }
  const method = spec?.distinguisherMethod;
  if (method !== undefined && !distinguishers.includes(method.type)) {
    errors.push(notSupported(path.child('distinguisherMethod', 'type'), method, distinguishers));
  }
  const levelPath = path.child('priorityLevelConfiguration', 'name');
  const level = spec?.priorityLevelConfiguration?.name ?? '';
  if (level === '') errors.push(required(levelPath, 'must reference a priority level'));
  else {
    for (const why of validateDns1123Subdomain(level)) {
      errors.push(invalidValue(levelPath, level, why));
    }
  }
  (spec?.rules ?? []).forEach((rule, index) => {
    errors.push(...validateRule(rule, path.child('rules').index(index)));
  });
  return errors;
}

function validateRule(rule: FlowRule, path: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const subjects = rule.subjects ?? [];
  const resourceRules = rule.resourceRules ?? [];
  const otherRules = rule.nonResourceRules ?? [];
  if (subjects.length === 0) {
    errors.push(required(path.child('subjects'), 'subjects must contain at least one value'));
  }
  subjects.forEach((subject, index) => {
    errors.push(...validateSubject(subject, path.child('subjects').index(index)));
  });
  if (resourceRules.length === 0 && otherRules.length === 0) {
    const why = 'at least one of resourceRules and nonResourceRules has to be non-empty';
    errors.push(required(path, why));
  }
  resourceRules.forEach((each, index) => {
    errors.push(...validateResourceRule(each, path.child('resourceRules').index(index)));
  });
  otherRules.forEach((each, index) => {
    errors.push(...validateNonResourceRule(each, path.child('nonResourceRules').index(index)));
  });
  return errors;
}

function validateSubject(subject: FlowSubject, path: FieldPath): FieldError[] {
  const { kind } = subject;
  if (!subjectKinds.includes(kind)) return [notSupported(path.child('kind'), kind, subjectKinds)];
  const errors = validateNamed(subject, path);
  const others = [
    ['serviceAccount', 'ServiceAccount'],
    ['user', 'User'],
    ['group', 'Group'],
  ] as const;
  for (const [field, ofKind] of others) {
    if (ofKind === kind || subject[field] === undefined) continue;
    const why = `${field} is forbidden when subject kind is not '${ofKind}'`;
    errors.push(forbiddenField(path.child(field), why));
  }
  return errors;
}

function validateNamed(subject: FlowSubject, path: FieldPath): FieldError[] {
  if (subject.kind === 'ServiceAccount') return validateServiceAccount(subject, path);
  const field = subject.kind === 'User' ? 'user' : 'group';
  const named = subject[field];
  const at = path.child(field);
  if (named === undefined) {
    return [required(at, `${field} is required when subject kind is '${subject.kind}'`)];
  }
  return (named.name ?? '') === '' ? [required(at.child('name'))] : [];
}

function validateServiceAccount({ serviceAccount }: FlowSubject, parent: FieldPath): FieldError[] {
  const path = parent.child('serviceAccount');
  if (serviceAccount === undefined) {
    return [required(path, "serviceAccount is required when subject kind is 'ServiceAccount'")];
  }
  const errors: FieldError[] = [];
  const { name = '', namespace = '' } = serviceAccount;
  if (name === '') errors.push(required(path.child('name')));
  else if (name !== '*') {
    for (const why of validateDns1123Subdomain(name)) {
      errors.push(invalidValue(path.child('name'), name, why));
    }
  }
  if (namespace === '') {
    errors.push(required(path.child('namespace'), 'must specify namespace for service account'));
  } else {
    for (const why of validateDns1123Label(namespace)) {
      errors.push(invalidValue(path.child('namespace'), namespace, why));
    }
  }
  return errors;
}

function validateVerbs(verbs: readonly string[], path: FieldPath): FieldError[] {
  if (verbs.length === 0) return [required(path, 'verbs must contain at least one value')];
  if (verbs.includes('*')) {
    const why = "if '*' is present, must not specify other verbs";
    return verbs.length > 1 ? [invalidValue(path, verbs, why)] : [];
  }
  if (verbs.every((verb) => supportedVerbs.includes(verb))) return [];
  return [notSupported(path, verbs, supportedVerbs)];
}

function validateResourceRule(rule: FlowResourceRule, path: FieldPath): FieldError[] {
  const errors = validateVerbs(rule.verbs ?? [], path.child('verbs'));
  const lists = [
    ['apiGroups', 'api group', 'api groups'],
    ['resources', 'resource', 'resources'],
  ] as const;
  for (const [field, one, many] of lists) {
    const values = rule[field] ?? [];
    const at = path.child(field);
    if (values.length === 0) {
      errors.push(required(at, `resource rules must supply at least one ${one}`));
    } else if (values.length > 1 && values.includes('*')) {
      const why = `if '*' is present, must not specify other ${many}`;
      errors.push(invalidValue(at, values, why));
    }
  }
  return [...errors, ...validateNamespaces(rule, path.child('namespaces'))];
}

function validateNamespaces(rule: FlowResourceRule, path: FieldPath): FieldError[] {
  const namespaces = rule.namespaces ?? [];
  if (namespaces.length === 0 && rule.clusterScope !== true) {
    const why = 'resource rules that are not cluster scoped must supply at least one namespace';
    return [required(path, why)];
  }
  if (namespaces.includes('*')) {
    const why = "if '*' is present, must not specify other namespaces";
    return namespaces.length > 1 ? [invalidValue(path, namespaces, why)] : [];
  }
  const intro = "each member of this list must be '*' or a DNS-1123 label; ";
  return namespaces.flatMap((namespace, index) =>
    validateDns1123Label(namespace).map((why) =>
      invalidValue(path.index(index), namespace, intro + why),
    ),
  );
}

function validateNonResourceRule(rule: FlowNonResourceRule, path: FieldPath): FieldError[] {
  const errors = validateVerbs(rule.verbs ?? [], path.child('verbs'));
  const urls = rule.nonResourceURLs ?? [];
  const at = path.child('nonResourceURLs');
  if (urls.length === 0) {
    errors.push(required(at, 'nonResourceURLs must contain at least one value'));
  } else if (urls.includes('*')) {
    const why = "if '*' is present, must not specify other non-resource URLs";
    if (urls.length > 1) errors.push(invalidValue(at, urls, why));
  } else {
    urls.forEach((url, index) => {
      const why = validateNonResourceUrl(url);
      if (why !== undefined) errors.push(invalidValue(at.index(index), url, why));
    });
  }
  return errors;
}
