// VolumeAttachment: the wish that a volume be attached to a node, and whether it is.
import type { VolumeAttachment } from '../../objects.ts';
import { setPersistentSourceDefaults } from '../core/volume-defaults.ts';
import { ageCell, ageColumn, column, nameCell, nameColumn } from '../printer-column.ts';
import { defineResource } from '../resource.ts';
import { validateAttachment, validateAttachmentUpdate } from './volume-attachment-validation.ts';

export const volumeAttachmentResource = defineResource<VolumeAttachment>({
  kind: 'VolumeAttachment',
  plural: 'volumeattachments',
  singular: 'volumeattachment',
  namespaced: false,
  groups: [
    {
      group: 'storage.k8s.io',
      versions: [
        {
          version: 'v1',
          schema: 'io.k8s.api.storage.v1.VolumeAttachment',
          defaults({ spec }) {
            const volume = spec?.source?.inlineVolumeSpec;
            if (volume) setPersistentSourceDefaults(volume);
          },
        },
      ],
    },
  ],
  hasGeneration: false,
  hasStatus: true,
  statusKeepsMetadata: true,
  returnsDeletedObject: true,
  unconditionalUpdate: false,
  validate: validateAttachment,
  validateUpdate: validateAttachmentUpdate,
  validateStatusUpdate: validateAttachment,
  table: {
    columns: [
      nameColumn,
      {
        ...column(
          'Attacher',
          'attacher indicates the name of the volume driver that MUST handle this request. This ' +
            'is the name returned by GetPluginName().',
        ),
        format: 'name',
      },
      column('PV', 'persistentVolumeName represents the name of the persistent volume to attach.'),
      column('Node', 'nodeName represents the node that the volume should be attached to.'),
      column(
        'Attached',
        'attached indicates the volume is successfully attached. This field must only be set by ' +
          'the entity completing the attach operation, i.e. the external-attacher.',
        'boolean',
      ),
      ageColumn,
    ],
    cells: (attachment, nowMs) => [
      nameCell(attachment),
      attachment.spec?.attacher ?? '',
      attachment.spec?.source?.persistentVolumeName ?? '',
      attachment.spec?.nodeName ?? '',
      attachment.status?.attached ?? false,
      ageCell(attachment, nowMs),
    ],
  },
});
