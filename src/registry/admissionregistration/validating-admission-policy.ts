// ValidatingAdmissionPolicy: expressions that requests must fulfil, where a binding says so.
import type { Condition, ValidatingAdmissionPolicy } from '../../objects.ts';
import {
  duplicate,
  type FieldError,
  FieldPath,
  invalidValue,
  notSupported,
  required,
} from '../field.ts';
import { validateConditions } from '../metadata/conditions.ts';
import { validateQualifiedName } from '../metadata/names.ts';
import { column } from '../printer-column.ts';
import { defineResource } from '../resource.ts';
import { type ExpressionScope, validateExpression } from './expression.ts';
import { defaultMatchResources } from './match-validation.ts';
import { policyTable, specPath, validatePolicyHead } from './policy-validation.ts';
import type { AuditAnnotation, Validation } from './types.ts';
import { admissionGroup, staticNameWarnings } from './webhook-configurations.ts';

const reasons = ['Forbidden', 'Invalid', 'RequestEntityTooLarge'];
const auditAnnotationsMax = 20;
const auditExpressionBytesMax = 5 * 1024;

function setDefaults({ spec }: ValidatingAdmissionPolicy): void {
  if (spec === undefined) return;
  spec.failurePolicy ??= 'Fail';
  defaultMatchResources(spec.matchConstraints);
}

function validatePolicy(policy: ValidatingAdmissionPolicy): readonly FieldError[] {
  const spec = policy.spec ?? {};
  const errors: FieldError[] = [...validatePolicyHead(spec)];
  const { validations = [], auditAnnotations = [], paramKind, variables = [] } = spec;
  const validationsPath = specPath.child('validations');
  const annotationsPath = specPath.child('auditAnnotations');
  if (validations.length === 0 && auditAnnotations.length === 0) {
    const why = 'validations or auditAnnotations must contain at least one item';
    return [...errors, required(validationsPath, why), required(annotationsPath, why)];
  }
  const scope = { params: paramKind !== undefined, authorizer: true, variables };
  validations.forEach((validation, index) => {
    errors.push(...validateValidation(validation, scope, validationsPath.index(index)));
  });
  if (auditAnnotations.length > auditAnnotationsMax) {
    const why = `must not have more than ${auditAnnotationsMax} auditAnnotations`;
    errors.push(invalidValue(annotationsPath, auditAnnotations, why));
  }
  const keys = new Set<string>();
  auditAnnotations.forEach((annotation, index) => {
    const path = annotationsPath.index(index);
    const name = policy.metadata?.name ?? '';
    errors.push(...validateAuditAnnotation(annotation, name, scope, path));
    if (keys.has(annotation.key)) errors.push(duplicate(path.child('key'), annotation.key));
    keys.add(annotation.key);
  });
  return errors;
}

function validateValidation(
  validation: Validation,
  scope: ExpressionScope,
  path: FieldPath,
): readonly FieldError[] {
  const errors: FieldError[] = [];
  const { expression, message = '', messageExpression = '', reason } = validation;
  const at = path.child('expression');
  if (expression.trim() === '') errors.push(required(at, 'expression is not specified'));
  else errors.push(...validateExpression(expression, scope, at));
  const messageExpressionPath = path.child('messageExpression');
  const empty = 'must be non-empty if specified';
  if (messageExpression.trim() !== '') {
    const narrower = { ...scope, authorizer: false };
    errors.push(...validateExpression(messageExpression, narrower, messageExpressionPath));
  } else if (messageExpression !== '') {
    errors.push(invalidValue(messageExpressionPath, messageExpression, empty));
  }
  const trimmed = message.trim();
  if (message !== '' && trimmed === '') {
    errors.push(invalidValue(path.child('message'), message, empty));
  } else if (/[\n\r]/.test(trimmed)) {
    errors.push(invalidValue(path.child('message'), message, 'must not contain line breaks'));
  }
  if (reason !== undefined && !reasons.includes(reason)) {
    errors.push(notSupported(path.child('reason'), reason, reasons));
  }
  return errors;
}

/** An audit annotation's whole key is the policy's name and its own. */
function validateAuditAnnotation(
  { key, valueExpression }: AuditAnnotation,
  policyName: string,
  scope: ExpressionScope,
  path: FieldPath,
): readonly FieldError[] {
  const errors: FieldError[] = [];
  const keyPath = path.child('key');
  if (policyName === '') {
    errors.push(invalidValue(keyPath, key, 'requires metadata.name be non-empty'));
  } else {
    const whole = `${policyName}/${key}`;
    for (const why of validateQualifiedName(whole)) errors.push(invalidValue(keyPath, whole, why));
  }
  const at = path.child('valueExpression');
  const trimmed = valueExpression.trim();
  if (trimmed === '') return [...errors, required(at, 'valueExpression is not specified')];
  if (Buffer.byteLength(trimmed) > auditExpressionBytesMax) {
    const why = `must not exceed ${auditExpressionBytesMax} bytes in length`;
    return [...errors, required(at, why)];
  }
  return [...errors, ...validateExpression(trimmed, scope, at)];
}

function validateStatus({ status }: ValidatingAdmissionPolicy): readonly FieldError[] {
  const errors: FieldError[] = [];
  const path = FieldPath.of('status');
  const warnings = status?.typeChecking?.expressionWarnings ?? [];
  warnings.forEach(({ warning, fieldRef }, index) => {
    const at = path.child('typeChecking', 'expressionWarnings').index(index);
    if (warning === '') errors.push(required(at.child('warning')));
    if (fieldRef.trim() === '') errors.push(required(at.child('fieldRef')));
  });
  const conditions = status?.conditions as Condition[] | undefined;
  return [...errors, ...validateConditions(conditions, path.child('conditions'))];
}

export const validatingAdmissionPolicyResource = defineResource<ValidatingAdmissionPolicy>({
  kind: 'ValidatingAdmissionPolicy',
  plural: 'validatingadmissionpolicies',
  singular: 'validatingadmissionpolicy',
  categories: ['api-extensions'],
  namespaced: false,
  groups: [
    {
      group: admissionGroup,
      versions: [
        {
          version: 'v1',
          schema: 'io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicy',
          defaults: setDefaults,
        },
      ],
    },
  ],
  hasStatus: true,
  statusKeepsMetadata: true,
  unconditionalUpdate: false,
  validate: validatePolicy,
  validateStatusUpdate: validateStatus,
  warnings: staticNameWarnings,
  table: policyTable(
    column(
      'Validations',
      'Validations indicates the number of validation rules defined in this configuration',
      'integer',
    ),
    (policy) => policy.spec?.validations?.length ?? 0,
  ),
});
