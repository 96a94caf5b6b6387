// PodTemplate: a template of pods that nothing makes pods of by itself.
import type { PodTemplate } from '../../objects.ts';
import { containersCell, imagesCell } from '../apps/workload-table.ts';
import { changedTemplateWarnings } from '../apps/workload-warnings.ts';
import { FieldPath } from '../field.ts';
import { column, labelsCell, nameCell, nameColumn } from '../printer-column.ts';
import { defineResource } from '../resource.ts';
import { dropGatedTemplateFields } from './gated-pod-fields.ts';
import { setPodTemplateDefaults } from './pod-defaults.ts';
import { validatePodTemplate } from './pod-spec-validation.ts';

const path = FieldPath.of('template');

export const podTemplateResource = defineResource<PodTemplate>({
  kind: 'PodTemplate',
  plural: 'podtemplates',
  singular: 'podtemplate',
  namespaced: true,
  returnsDeletedObject: true,
  groups: [
    {
      group: '',
      versions: [
        {
          version: 'v1',
          schema: 'io.k8s.api.core.v1.PodTemplate',
          defaults: ({ template }) => setPodTemplateDefaults(template),
        },
      ],
    },
  ],
  hasGeneration: true,
  prepareCreate: ({ template }) => dropGatedTemplateFields(template),
  prepareUpdate: (next, old) => dropGatedTemplateFields(next.template, old.template),
  validate: ({ template }) => validatePodTemplate(template, path),
  warnings: (next, old) => changedTemplateWarnings(next, old, next.template, path),
  table: {
    columns: [
      nameColumn,
      column('Containers', 'Names of each container in the template.'),
      column('Images', 'Images referenced by each container in the template.'),
      column('Pod Labels', 'The labels for the pod template.'),
    ],
    cells: (object) => [
      nameCell(object),
      containersCell(object.template),
      imagesCell(object.template),
      labelsCell(object.template?.metadata?.labels),
    ],
  },
});
