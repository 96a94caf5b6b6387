// ReplicaSet: keeps a number of pods of one template alive.
import type { ReplicaSet } from '../../objects.ts';
import { dropGatedTemplateFields } from '../core/gated-pod-fields.ts';
import { setPodTemplateDefaults } from '../core/pod-defaults.ts';
import {
  ageCell,
  ageColumn,
  column,
  nameCell,
  nameColumn,
  selectorCell,
  selectorText,
  wideColumn,
} from '../printer-column.ts';
import { defineResource } from '../resource.ts';
import {
  validateReplicaSet,
  validateReplicaSetStatusUpdate,
  validateReplicaSetUpdate,
} from './replica-set-validation.ts';
import { replicasScale } from './workload-scale.ts';
import { containersCell, containersColumn, imagesCell, imagesColumn } from './workload-table.ts';
import { changedTemplateWarnings, podNameWarnings } from './workload-warnings.ts';

function setReplicaSetDefaults(replicaSet: ReplicaSet): void {
  const { spec } = replicaSet;
  if (!spec) return;
  spec.replicas ??= 1;
  setPodTemplateDefaults(spec.template);
}

export const replicaSetResource = defineResource<ReplicaSet>({
  kind: 'ReplicaSet',
  plural: 'replicasets',
  singular: 'replicaset',
  shortNames: ['rs'],
  categories: ['all'],
  namespaced: true,
  groups: [
    {
      group: 'apps',
      versions: [
        {
          version: 'v1',
          schema: 'io.k8s.api.apps.v1.ReplicaSet',
          defaults: setReplicaSetDefaults,
        },
      ],
    },
  ],
  hasStatus: true,
  prepareCreate(replicaSet) {
    replicaSet.status = { replicas: 0 };
    dropGatedTemplateFields(replicaSet.spec?.template);
  },
  prepareUpdate(next, old) {
    dropGatedTemplateFields(next.spec?.template, old.spec?.template);
  },
  scale: replicasScale(({ spec }) => selectorText(spec?.selector)),
  validate: validateReplicaSet,
  validateUpdate: validateReplicaSetUpdate,
  validateStatusUpdate: validateReplicaSetStatusUpdate,
  warnings: (replicaSet, old) => [
    ...(old === undefined ? podNameWarnings(replicaSet) : []),
    ...changedTemplateWarnings(replicaSet, old, replicaSet.spec?.template),
  ],
  table: {
    columns: [
      nameColumn,
      column(
        'Desired',
        'Replicas is the number of desired pods. This is a pointer to distinguish between ' +
          'explicit zero and unspecified. Defaults to 1. More info: ' +
          'https://kubernetes.io/docs/concepts/workloads/controllers/replicaset',
        'integer',
      ),
      column(
        'Current',
        'Replicas is the most recently observed number of non-terminating pods. More info: ' +
          'https://kubernetes.io/docs/concepts/workloads/controllers/replicaset',
        'integer',
      ),
      column(
        'Ready',
        'The number of non-terminating pods targeted by this ReplicaSet with a Ready Condition.',
        'integer',
      ),
      ageColumn,
      containersColumn,
      imagesColumn,
      wideColumn(
        'Selector',
        'Selector is a label query over pods that should match the replica count. Label keys and ' +
          'values that must match in order to be controlled by this replica set. It must match ' +
          "the pod template's labels. More info: " +
          'https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/' +
          '#label-selectors',
      ),
    ],
    cells: (replicaSet, nowMs) => [
      nameCell(replicaSet),
      replicaSet.spec?.replicas ?? 0,
      replicaSet.status?.replicas ?? 0,
      replicaSet.status?.readyReplicas ?? 0,
      ageCell(replicaSet, nowMs),
      containersCell(replicaSet.spec?.template),
      imagesCell(replicaSet.spec?.template),
      selectorCell(replicaSet.spec?.selector),
    ],
  },
});
