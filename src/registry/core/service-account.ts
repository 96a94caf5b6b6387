// ServiceAccount: the identity that pods run as.
import type { ServiceAccount } from '../../objects.ts';
import { ageCell, ageColumn, nameCell, nameColumn } from '../printer-column.ts';
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
    columns: [nameColumn, ageColumn],
    cells: (account, nowMs) => [nameCell(account), ageCell(account, nowMs)],
  },
});
