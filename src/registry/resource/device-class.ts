// DeviceClass: a named choice of devices, with configuration for whoever gets one.
import type { DeviceClass } from '../../objects.ts';
import { isExtendedResource } from '../core/resource-validation.ts';
import { type FieldError, FieldPath, invalidValue } from '../field.ts';
import { validateLongName } from '../metadata/names.ts';
import { ageCell, ageColumn, nameCell, nameColumn } from '../printer-column.ts';
import { defineResource } from '../resource.ts';
import { configurationsMax, validateConfiguration, validateSelectors } from './claim-validation.ts';
import { resourceVersions } from './group.ts';
import { validateList } from './lists.ts';

const specPath = FieldPath.of('spec');

function validateClass({ spec }: DeviceClass): readonly FieldError[] {
  const { selectors, config, extendedResourceName: name } = spec ?? {};
  const errors: FieldError[] = [
    ...validateSelectors(selectors, specPath.child('selectors')),
    ...validateList(config, configurationsMax, validateConfiguration, specPath.child('config')),
  ];
  if (name !== undefined && !isExtendedResource(name)) {
    const path = specPath.child('extendedResourceName');
    errors.push(invalidValue(path, name, 'must be a valid extended resource name'));
  }
  return errors;
}

export const deviceClassResource = defineResource<DeviceClass>({
  kind: 'DeviceClass',
  plural: 'deviceclasses',
  singular: 'deviceclass',
  namespaced: false,
  returnsDeletedObject: true,
  groups: [resourceVersions<DeviceClass>('DeviceClass', undefined)],
  validateName: validateLongName,
  validate: validateClass,
  table: {
    columns: [nameColumn, ageColumn],
    cells: (deviceClass, nowMs) => [nameCell(deviceClass), ageCell(deviceClass, nowMs)],
  },
});
