// What both kinds of policy and both kinds of binding check alike, and their columns.
import type { KubernetesObject, LabelSelector } from '../../objects.ts';
import { type FieldError, FieldPath, invalidValue, notSupported, required } from '../field.ts';
import { validateDns1123Subdomain } from '../metadata/names.ts';
import { ageCell, ageColumn, column, nameCell, nameColumn } from '../printer-column.ts';
import type { TableColumn, TableShape } from '../resource.ts';
import { isCelIdentifier, validateExpression } from './expression.ts';
import {
  failurePolicies,
  validateMatchConditions,
  validateMatchResources,
  validateParamKind,
  validateParamRef,
} from './match-validation.ts';
import type { MatchResources, MutatingSpec, ParamRef, ValidatingSpec, Variable } from './types.ts';

export const specPath: FieldPath = FieldPath.of('spec');

/** A policy's spec up to its variables. */
export function validatePolicyHead(
  spec: ValidatingSpec | MutatingSpec,
  extraMatchErrors: (match: MatchResources) => readonly FieldError[] = () => [],
): readonly FieldError[] {
  const errors: FieldError[] = [];
  const { failurePolicy, paramKind, matchConstraints: match, variables = [] } = spec;
  const failurePath = specPath.child('failurePolicy');
  if (failurePolicy === undefined) errors.push(required(failurePath));
  else if (!failurePolicies.includes(failurePolicy)) {
    errors.push(notSupported(failurePath, failurePolicy, failurePolicies));
  }
  if (paramKind !== undefined) {
    errors.push(...validateParamKind(paramKind, specPath.child('paramKind')));
  }
  const matchPath = specPath.child('matchConstraints');
  if (match === undefined) errors.push(required(matchPath));
  else {
    errors.push(...validateMatchResources(match, matchPath));
    if ((match.resourceRules ?? []).length === 0) {
      errors.push(required(matchPath.child('resourceRules')));
    }
    errors.push(...extraMatchErrors(match));
  }
  const params = paramKind !== undefined;
  const conditionsPath = specPath.child('matchConditions');
  errors.push(...validateMatchConditions(spec.matchConditions, params, conditionsPath));
  variables.forEach((variable, index) => {
    const path = specPath.child('variables').index(index);
    errors.push(...validateVariable(variable, params, variables.slice(0, index), path));
  });
  return errors;
}

/** A variable may use those before it. */
function validateVariable(
  variable: Variable,
  params: boolean,
  variables: readonly Variable[],
  path: FieldPath,
): readonly FieldError[] {
  const errors: FieldError[] = [];
  const { name, expression } = variable;
  if (name.trim() === '') errors.push(required(path.child('name'), 'name is not specified'));
  else if (!isCelIdentifier(name)) {
    errors.push(invalidValue(path.child('name'), name, 'must be a valid CEL identifier'));
  }
  const at = path.child('expression');
  if (expression.trim() === '') return [...errors, required(at, 'expression is not specified')];
  const scope = { params, authorizer: true, variables };
  return [...errors, ...validateExpression(expression, scope, at)];
}

/** A binding's spec but for its actions. */
export function validateBindingHead(spec: {
  readonly policyName?: string;
  readonly paramRef?: ParamRef;
  readonly matchResources?: MatchResources;
}): readonly FieldError[] {
  const errors: FieldError[] = [];
  const { policyName = '', paramRef, matchResources } = spec;
  const path = specPath.child('policyName');
  if (policyName === '') errors.push(required(path));
  else {
    for (const message of validateDns1123Subdomain(policyName)) {
      errors.push(invalidValue(path, policyName, message));
    }
  }
  return [
    ...errors,
    ...validateParamRef(paramRef, specPath.child('paramRef')),
    ...validateMatchResources(matchResources, specPath.child('matchResources')),
  ];
}

const mutatingOperations = ['*', 'CONNECT', 'CREATE', 'UPDATE'];

/** What is deleted cannot be mutated. */
export function validateMutatingOperations(
  match: MatchResources,
  path: FieldPath,
): readonly FieldError[] {
  const given = (match.resourceRules ?? []).flatMap((rule) => rule.operations ?? []);
  return given
    .filter((operation) => !mutatingOperations.includes(operation))
    .map((operation) => {
      const at = path.child('resourceRules', 'operations');
      return notSupported(at, operation, mutatingOperations);
    });
}

interface PolicyObject extends KubernetesObject {
  readonly spec?: { readonly paramKind?: { readonly apiVersion?: string; readonly kind?: string } };
}

/** `count` is the column that says how many rules a policy has. */
export function policyTable<T extends PolicyObject>(
  count: TableColumn,
  counted: (policy: T) => number,
): TableShape<T> {
  return {
    columns: [
      nameColumn,
      count,
      column(
        'ParamKind',
        'ParamKind specifies the kind of resources used to parameterize this policy',
      ),
      ageColumn,
    ],
    cells(policy, nowMs) {
      const { apiVersion = '', kind = '' } = policy.spec?.paramKind ?? {};
      const param = policy.spec?.paramKind === undefined ? '<unset>' : `${apiVersion}/${kind}`;
      return [nameCell(policy), counted(policy), param, ageCell(policy, nowMs)];
    },
  };
}

interface BindingObject extends KubernetesObject {
  readonly spec?: { readonly policyName?: string; readonly paramRef?: ParamRef };
}

export const bindingTable: TableShape<BindingObject> = {
  columns: [
    nameColumn,
    column(
      'PolicyName',
      'PolicyName indicates the policy definition which the policy binding binded to',
    ),
    column('ParamRef', 'ParamRef indicates the param resource which sets the configuration param'),
    ageColumn,
  ],
  cells: (binding, nowMs) => [
    nameCell(binding),
    binding.spec?.policyName ?? '',
    paramCell(binding.spec?.paramRef),
    ageCell(binding, nowMs),
  ],
};

function paramCell(ref: ParamRef | undefined): string {
  const { name = '', namespace = '', selector } = ref ?? {};
  if (name !== '') return `${namespace === '' ? '*' : namespace}/${name}`;
  return selector === undefined ? '<unset>' : goLabelSelector(selector);
}

/** How Go prints a LabelSelector, which is what upstream shows here. */
function goLabelSelector({ matchLabels = {}, matchExpressions = [] }: LabelSelector): string {
  const labels = Object.entries(matchLabels)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}: ${value},`);
  const requirements = matchExpressions.map(
    ({ key, operator, values = [] }) =>
      `LabelSelectorRequirement{Key:${key},Operator:${operator},Values:[${values.join(' ')}],},`,
  );
  return (
    `&LabelSelector{MatchLabels:map[string]string{${labels.join('')}},` +
    `MatchExpressions:[]LabelSelectorRequirement{${requirements.join('')}},}`
  );
}
