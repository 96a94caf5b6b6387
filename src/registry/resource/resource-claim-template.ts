// ResourceClaimTemplate: the claim that each pod which names it gets for itself.
import type { ResourceClaimTemplate } from '../../objects.ts';
import { FieldPath } from '../field.ts';
import { validateImmutableField } from '../metadata/object-meta.ts';
import { validateTemplateMeta } from '../metadata/template-meta.ts';
import { ageCell, ageColumn, nameCell, nameColumn } from '../printer-column.ts';
import { defineResource } from '../resource.ts';
import { templateConversion } from './beta-conversion.ts';
import { validateClaimSpec } from './claim-validation.ts';
import { defaultClaimSpec } from './defaults.ts';
import { resourceVersions } from './group.ts';

const specPath = FieldPath.of('spec');

export const resourceClaimTemplateResource = defineResource<ResourceClaimTemplate>({
  kind: 'ResourceClaimTemplate',
  plural: 'resourceclaimtemplates',
  singular: 'resourceclaimtemplate',
  namespaced: true,
  returnsDeletedObject: true,
  groups: [
    resourceVersions(
      'ResourceClaimTemplate',
      ({ spec }) => defaultClaimSpec(spec?.spec),
      templateConversion,
    ),
  ],
  hasGeneration: false,
  validate: ({ spec }) => [
    ...validateTemplateMeta(spec?.metadata, specPath.child('metadata')),
    ...validateClaimSpec(spec?.spec, specPath.child('spec')),
  ],
  validateUpdate: (next, old) => validateImmutableField(next.spec, old.spec, specPath),
  table: {
    columns: [nameColumn, ageColumn],
    cells: (template, nowMs) => [nameCell(template), ageCell(template, nowMs)],
  },
});
