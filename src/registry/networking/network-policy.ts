// NetworkPolicy: which traffic the pods it selects take and send.
import type { NetworkPolicy } from '../../objects.ts';
import {
  ageCell,
  ageColumn,
  column,
  nameCell,
  nameColumn,
  selectorCell,
} from '../printer-column.ts';
import { defineResource } from '../resource.ts';
import { networkPolicyWarnings, validateNetworkPolicy } from './network-policy-validation.ts';

function setNetworkPolicyDefaults({ spec }: NetworkPolicy): void {
  if (spec === undefined) return;
  for (const { ports } of [...(spec.ingress ?? []), ...(spec.egress ?? [])]) {
    for (const port of ports ?? []) port.protocol ??= 'TCP';
  }
  if ((spec.policyTypes ?? []).length > 0) return;
  spec.policyTypes = ['Ingress'];
  if ((spec.egress ?? []).length > 0) spec.policyTypes.push('Egress');
}

export const networkPolicyResource = defineResource<NetworkPolicy>({
  kind: 'NetworkPolicy',
  plural: 'networkpolicies',
  singular: 'networkpolicy',
  shortNames: ['netpol'],
  namespaced: true,
  groups: [
    {
      group: 'networking.k8s.io',
      versions: [
        {
          version: 'v1',
          schema: 'io.k8s.api.networking.v1.NetworkPolicy',
          defaults: setNetworkPolicyDefaults,
        },
      ],
    },
  ],
  validate: (policy, _context, old) => validateNetworkPolicy(policy, old),
  warnings: networkPolicyWarnings,
  table: {
    columns: [
      nameColumn,
      column(
        'Pod-Selector',
        'podSelector selects the pods to which this NetworkPolicy object applies. The array of ' +
          'rules is applied to any pods selected by this field. An empty selector matches all ' +
          "pods in the policy's namespace. Multiple network policies can select the same set of " +
          'pods. In this case, the ingress rules for each are combined additively. This field is ' +
          'optional. If it is not specified, it defaults to an empty selector.',
      ),
      ageColumn,
    ],
    cells: (policy, nowMs) => [
      nameCell(policy),
      selectorCell(policy.spec?.podSelector),
      ageCell(policy, nowMs),
    ],
  },
});
