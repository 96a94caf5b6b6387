// Secret: data for pods and controllers; its type is fixed, `stringData` is only written.
import type { Secret } from '../../objects.ts';
import { ageCell, ageColumn, column, nameCell, nameColumn } from '../printer-column.ts';
import { defineResource } from '../resource.ts';
import { validateSecret, validateSecretUpdate } from './secret-validation.ts';
import { secretWarnings } from './secret-warnings.ts';

/** The conversion moves `stringData` into `data` before anything else sees the object. */
function setSecretDefaults(secret: Secret): void {
  if (secret.stringData !== undefined && secret.stringData !== null) {
    const data = { ...secret.data };
    for (const [key, value] of Object.entries(secret.stringData)) {
      data[key] = Buffer.from(value).toString('base64');
    }
    if (Object.keys(data).length > 0) secret.data = data;
    delete secret.stringData;
  }
  secret.type ||= 'Opaque';
}

export const secretResource = defineResource<Secret>({
  kind: 'Secret',
  plural: 'secrets',
  singular: 'secret',
  namespaced: true,
  groups: [
    {
      group: '',
      versions: [
        { version: 'v1', schema: 'io.k8s.api.core.v1.Secret', defaults: setSecretDefaults },
      ],
    },
  ],
  hasGeneration: false,
  selectableFields: { type: (secret) => secret.type ?? '' },
  validate: validateSecret,
  validateUpdate: validateSecretUpdate,
  warnings: (secret) => secretWarnings(secret),
  table: {
    columns: [
      nameColumn,
      column(
        'Type',
        'Used to facilitate programmatic handling of secret data. More info: ' +
          'https://kubernetes.io/docs/concepts/configuration/secret/#secret-types',
      ),
      column(
        'Data',
        "Data contains the secret data. Each key must consist of alphanumeric characters, '-', " +
          "'_' or '.'. The serialized form of the secret data is a base64 encoded string, " +
          'representing the arbitrary (possibly non-string) data value here. Described in ' +
          'https://tools.ietf.org/html/rfc4648#section-4',
      ),
      ageColumn,
    ],
    cells: (secret, nowMs) => [
      nameCell(secret),
      secret.type ?? '',
      Object.keys(secret.data ?? {}).length,
      ageCell(secret, nowMs),
    ],
  },
});
