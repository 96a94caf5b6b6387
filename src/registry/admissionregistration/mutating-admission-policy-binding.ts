// MutatingAdmissionPolicyBinding: where a mutating policy acts, and with which parameters.
import type { MutatingAdmissionPolicyBinding } from '../../objects.ts';
import { defineResource } from '../resource.ts';
import { defaultMatchResources } from './match-validation.ts';
import {
  bindingTable,
  specPath,
  validateBindingHead,
  validateMutatingOperations,
} from './policy-validation.ts';
import { admissionGroup, staticNameWarnings } from './webhook-configurations.ts';

const name = 'MutatingAdmissionPolicyBinding';

function setDefaults({ spec }: MutatingAdmissionPolicyBinding): void {
  defaultMatchResources(spec?.matchResources);
}

/** The alpha version has one default more. */
function setAlphaDefaults(binding: MutatingAdmissionPolicyBinding): void {
  setDefaults(binding);
  if (binding.spec?.paramRef) binding.spec.paramRef.parameterNotFoundAction ??= 'Deny';
}

export const mutatingAdmissionPolicyBindingResource =
  defineResource<MutatingAdmissionPolicyBinding>({
    kind: name,
    plural: 'mutatingadmissionpolicybindings',
    singular: 'mutatingadmissionpolicybinding',
    categories: ['api-extensions'],
    namespaced: false,
    groups: [
      {
        group: admissionGroup,
        versions: [
          {
            version: 'v1',
            schema: `io.k8s.api.admissionregistration.v1.${name}`,
            defaults: setDefaults,
          },
          {
            version: 'v1beta1',
            schema: `io.k8s.api.admissionregistration.v1beta1.${name}`,
            served: false,
            defaults: setDefaults,
          },
          {
            version: 'v1alpha1',
            schema: `io.k8s.api.admissionregistration.v1alpha1.${name}`,
            served: false,
            defaults: setAlphaDefaults,
          },
        ],
      },
    ],
    unconditionalUpdate: false,
    validate: ({ spec = {} }) => [
      ...validateBindingHead(spec),
      ...(spec.matchResources === undefined
        ? []
        : validateMutatingOperations(spec.matchResources, specPath.child('matchResources'))),
    ],
    warnings: staticNameWarnings,
    table: bindingTable,
  });
