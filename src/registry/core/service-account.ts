// ServiceAccount: the identity that pods run as.
import type { ServiceAccount } from '../../objects.ts';
import { ageCell, ageColumn, column, nameCell, nameColumn } from '../printer-column.ts';
import { defineResource } from '../resource.ts';

const mountableSecrets = 'kubernetes.io/enforce-mountable-secrets';

function serviceAccountWarnings(
  account: ServiceAccount,
  old: ServiceAccount | undefined,
): readonly string[] {
  const set = account.metadata?.annotations?.[mountableSecrets];
  if (set === undefined || set === old?.metadata?.annotations?.[mountableSecrets]) return [];
  return [
    `metadata.annotations[${mountableSecrets}]: deprecated in v1.32+; prefer separate namespaces ` +
      'to isolate access to mounted secrets',
  ];
}

export const serviceAccountResource = defineResource<ServiceAccount>({
  kind: 'ServiceAccount',
  plural: 'serviceaccounts',
  singular: 'serviceaccount',
  shortNames: ['sa'],
  namespaced: true,
  returnsDeletedObject: true,
  groups: [
    { group: '', versions: [{ version: 'v1', schema: 'io.k8s.api.core.v1.ServiceAccount' }] },
  ],
  hasGeneration: false,
  warnings: serviceAccountWarnings,
  table: {
    columns: [
      nameColumn,
      column(
        'Secrets',
        'Secrets is a list of the secrets in the same namespace that pods running using this ' +
          'ServiceAccount are allowed to use. Pods are only limited to this list if this service ' +
          'account has a "kubernetes.io/enforce-mountable-secrets" annotation set to "true". The ' +
          '"kubernetes.io/enforce-mountable-secrets" annotation is deprecated since v1.32. Prefer ' +
          'separate namespaces to isolate access to mounted secrets. This field should not be ' +
          'used to find auto-generated service account token secrets for use outside of pods. ' +
          'Instead, tokens can be requested directly using the TokenRequest API, or service ' +
          'account token secrets can be manually created. More info: ' +
          'https://kubernetes.io/docs/concepts/configuration/secret',
      ),
      ageColumn,
    ],
    cells: (account, nowMs) => [
      nameCell(account),
      (account.secrets ?? []).length,
      ageCell(account, nowMs),
    ],
  },
});
