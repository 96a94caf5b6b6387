// ValidatingAdmissionPolicyBinding: where a policy holds, with which parameters, to what effect.
import type { ValidatingAdmissionPolicyBinding } from '../../objects.ts';
import { duplicate, type FieldError, invalidValue, notSupported, required } from '../field.ts';
import { defineResource } from '../resource.ts';
import { defaultMatchResources } from './match-validation.ts';
import { bindingTable, specPath, validateBindingHead } from './policy-validation.ts';
import { admissionGroup, staticNameWarnings } from './webhook-configurations.ts';

const actions = ['Audit', 'Deny', 'Warn'];

function validateActions(given: readonly string[]): readonly FieldError[] {
  const errors: FieldError[] = [];
  const path = specPath.child('validationActions');
  const seen = new Set<string>();
  given.forEach((action, index) => {
    if (!actions.includes(action)) errors.push(notSupported(path.index(index), action, actions));
    if (seen.has(action)) errors.push(duplicate(path.index(index), action));
    seen.add(action);
  });
  if (seen.has('Deny') && seen.has('Warn')) {
    const why =
      'must not contain both Deny and Warn (repeating the same validation failure information ' +
      'in the API response and headers serves no purpose)';
    errors.push(invalidValue(path, given, why));
  }
  if (seen.size === 0) errors.push(required(path, 'at least one validation action is required'));
  return errors;
}

export const validatingAdmissionPolicyBindingResource =
  defineResource<ValidatingAdmissionPolicyBinding>({
    kind: 'ValidatingAdmissionPolicyBinding',
    plural: 'validatingadmissionpolicybindings',
    singular: 'validatingadmissionpolicybinding',
    categories: ['api-extensions'],
    namespaced: false,
    groups: [
      {
        group: admissionGroup,
        versions: [
          {
            version: 'v1',
            schema: 'io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicyBinding',
            defaults: ({ spec }) => defaultMatchResources(spec?.matchResources),
          },
        ],
      },
    ],
    unconditionalUpdate: false,
    validate: ({ spec = {} }) => [
      ...validateBindingHead(spec),
      ...validateActions(spec.validationActions ?? []),
    ],
    warnings: staticNameWarnings,
    table: bindingTable,
  });
