// MutatingAdmissionPolicy: expressions that change objects on their way in, where a binding says so.
import type { MutatingAdmissionPolicy } from '../../objects.ts';
import { type FieldError, type FieldPath, invalidValue, notSupported, required } from '../field.ts';
import { column } from '../printer-column.ts';
import { defineResource } from '../resource.ts';
import { type ExpressionScope, validateExpression } from './expression.ts';
import { defaultMatchResources } from './match-validation.ts';
import {
  policyTable,
  specPath,
  validateMutatingOperations,
  validatePolicyHead,
} from './policy-validation.ts';
import type { Mutation } from './types.ts';
import { admissionGroup, staticNameWarnings } from './webhook-configurations.ts';
import { reinvocationPolicies } from './webhook-validation.ts';

/** Which field holds the expression of which patch type. */
const patchFields = { ApplyConfiguration: 'applyConfiguration', JSONPatch: 'jsonPatch' } as const;
type PatchType = keyof typeof patchFields;

function setDefaults({ spec }: MutatingAdmissionPolicy): void {
  if (spec === undefined) return;
  spec.failurePolicy ??= 'Fail';
  defaultMatchResources(spec.matchConstraints);
}

function validatePolicy({ spec = {} }: MutatingAdmissionPolicy): readonly FieldError[] {
  const matchPath = specPath.child('matchConstraints');
  const errors: FieldError[] = [
    ...validatePolicyHead(spec, (match) => validateMutatingOperations(match, matchPath)),
  ];
  const { mutations = [], reinvocationPolicy = '', paramKind, variables = [] } = spec;
  const path = specPath.child('mutations');
  if (mutations.length === 0) {
    errors.push(required(path, 'mutations must contain at least one item'));
  }
  const params = paramKind !== undefined;
  const scope: ExpressionScope = { params, authorizer: true, patchTypes: true, variables };
  mutations.forEach((mutation, index) => {
    errors.push(...validateMutation(mutation, scope, path.index(index)));
  });
  const at = specPath.child('reinvocationPolicy');
  if (reinvocationPolicy === '') errors.push(required(at));
  else if (!reinvocationPolicies.includes(reinvocationPolicy)) {
    errors.push(notSupported(at, reinvocationPolicy, reinvocationPolicies));
  }
  return errors;
}

function validateMutation(
  mutation: Mutation,
  scope: ExpressionScope,
  path: FieldPath,
): readonly FieldError[] {
  const { patchType } = mutation;
  if (patchType === '') return [required(path.child('patchType'))];
  if (!isPatchType(patchType)) {
    return [notSupported(path.child('patchType'), patchType, Object.keys(patchFields))];
  }
  const wanted = patchFields[patchType];
  const other = wanted === 'jsonPatch' ? 'applyConfiguration' : 'jsonPatch';
  const errors: FieldError[] = [];
  const patch = mutation[wanted];
  if (patch === undefined) {
    errors.push(required(path.child(wanted), `must be specified when patchType is ${patchType}`));
  } else {
    const expression = (patch.expression ?? '').trim();
    const at = path.child(wanted, 'expression');
    if (expression === '') errors.push(required(at));
    else errors.push(...validateExpression(expression, scope, at));
  }
  if (mutation[other] !== undefined) {
    const why = `must not be specified when patchType is ${patchType}`;
    errors.push(invalidValue(path.child(other), `{${other}}`, why));
  }
  return errors;
}

function isPatchType(text: string): text is PatchType {
  return Object.hasOwn(patchFields, text);
}

export const mutatingAdmissionPolicyResource = defineResource<MutatingAdmissionPolicy>({
  kind: 'MutatingAdmissionPolicy',
  plural: 'mutatingadmissionpolicies',
  singular: 'mutatingadmissionpolicy',
  categories: ['api-extensions'],
  namespaced: false,
  groups: [
    {
      group: admissionGroup,
      versions: [
        { version: 'v1', served: true },
        { version: 'v1beta1', served: false },
        { version: 'v1alpha1', served: false },
      ].map(({ version, served }) => ({
        version,
        served,
        schema: `io.k8s.api.admissionregistration.${version}.MutatingAdmissionPolicy`,
        defaults: setDefaults,
      })),
    },
  ],
  unconditionalUpdate: false,
  validate: validatePolicy,
  warnings: staticNameWarnings,
  table: policyTable(
    column(
      'Mutations',
      'Mutation indicates the number of mutations rules defined in this configuration',
      'integer',
    ),
    (policy) => policy.spec?.mutations?.length ?? 0,
  ),
});
