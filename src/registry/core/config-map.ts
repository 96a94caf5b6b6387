// ConfigMap: configuration as keys and values, frozen for good once `immutable`.
import type { ConfigMap } from '../../objects.ts';
import { ageCell, ageColumn, column, nameCell, nameColumn } from '../printer-column.ts';
import { defineResource } from '../resource.ts';
import { validateConfigMap, validateConfigMapUpdate } from './config-map-validation.ts';

export const configMapResource = defineResource<ConfigMap>({
  kind: 'ConfigMap',
  plural: 'configmaps',
  singular: 'configmap',
  shortNames: ['cm'],
  namespaced: true,
  groups: [{ group: '', versions: [{ version: 'v1', schema: 'io.k8s.api.core.v1.ConfigMap' }] }],
  hasGeneration: false,
  validate: validateConfigMap,
  validateUpdate: validateConfigMapUpdate,
  table: {
    columns: [
      nameColumn,
      column(
        'Data',
        'Data contains the configuration data. Each key must consist of alphanumeric characters, ' +
          "'-', '_' or '.'. Values with non-UTF-8 byte sequences must use the BinaryData field. " +
          'The keys stored in Data must not overlap with the keys in the BinaryData field, this ' +
          'is enforced during validation process.',
      ),
      ageColumn,
    ],
    cells: (map, nowMs) => [
      nameCell(map),
      Object.keys(map.data ?? {}).length + Object.keys(map.binaryData ?? {}).length,
      ageCell(map, nowMs),
    ],
  },
});
