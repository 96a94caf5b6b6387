// VolumeAttributesClass: properties of volumes that a driver can change while they are in use.
import { isDeepStrictEqual } from 'node:util';
import type { VolumeAttributesClass } from '../../objects.ts';
import { type FieldError, FieldPath, forbiddenField, required } from '../field.ts';
import { ageCell, ageColumn, column, nameCell, nameColumn } from '../printer-column.ts';
import { defineResource } from '../resource.ts';
import { validateParameters, validateProvisioner } from './class-validation.ts';

const driverPath = FieldPath.of('driverName');
const parametersPath = FieldPath.of('parameters');

function validateAttributesClass({ driverName, parameters }: VolumeAttributesClass): FieldError[] {
  const errors = [
    ...validateProvisioner(driverName, driverPath),
    ...validateParameters(parameters, parametersPath),
  ];
  if (Object.keys(parameters ?? {}).length > 0) return errors;
  return [...errors, required(parametersPath, 'must contain at least one key/value pair')];
}

function validateAttributesClassUpdate(
  next: VolumeAttributesClass,
  old: VolumeAttributesClass,
): FieldError[] {
  const errors: FieldError[] = [];
  if (next.driverName !== old.driverName) {
    errors.push(forbiddenField(driverPath, 'updates to driverName are forbidden.'));
  }
  if (!isDeepStrictEqual(next.parameters, old.parameters)) {
    errors.push(forbiddenField(parametersPath, 'updates to parameters are forbidden.'));
  }
  return errors;
}

export const volumeAttributesClassResource = defineResource<VolumeAttributesClass>({
  kind: 'VolumeAttributesClass',
  plural: 'volumeattributesclasses',
  singular: 'volumeattributesclass',
  shortNames: ['vac'],
  namespaced: false,
  groups: [
    {
      group: 'storage.k8s.io',
      versions: [
        { version: 'v1', schema: 'io.k8s.api.storage.v1.VolumeAttributesClass' },
        {
          version: 'v1beta1',
          schema: 'io.k8s.api.storage.v1beta1.VolumeAttributesClass',
          served: false,
        },
      ],
    },
  ],
  returnsDeletedObject: true,
  validate: validateAttributesClass,
  validateUpdate: validateAttributesClassUpdate,
  table: {
    columns: [
      nameColumn,
      column('DriverName', 'Name of the CSI driver This field is immutable.'),
      ageColumn,
    ],
    cells: (attributesClass, nowMs) => [
      nameCell(attributesClass),
      attributesClass.driverName ?? '',
      ageCell(attributesClass, nowMs),
    ],
  },
});
