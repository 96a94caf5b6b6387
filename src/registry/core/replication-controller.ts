// ReplicationController: what ReplicaSets came after, with a plain map of labels as its selector.
import type { ReplicationController } from '../../objects.ts';
import { replicasScale } from '../apps/workload-scale.ts';
import {
  containersCell,
  containersColumn,
  imagesCell,
  imagesColumn,
} from '../apps/workload-table.ts';
import { templatePath } from '../apps/workload-validation.ts';
import { podNameWarnings } from '../apps/workload-warnings.ts';
import { validateLongName } from '../metadata/names.ts';
import {
  ageCell,
  ageColumn,
  column,
  labelsCell,
  nameCell,
  nameColumn,
  selectorText,
  wideColumn,
} from '../printer-column.ts';
import { defineResource } from '../resource.ts';
import { dropGatedTemplateFields } from './gated-pod-fields.ts';
import { setPodTemplateDefaults } from './pod-defaults.ts';
import { podTemplateWarnings } from './pod-warnings.ts';
import {
  validateReplicationController,
  validateReplicationControllerStatusUpdate,
} from './replication-controller-validation.ts';

function setReplicationControllerDefaults(controller: ReplicationController): void {
  const { spec } = controller;
  if (!spec) return;
  spec.replicas ??= 1;
  setPodTemplateDefaults(spec.template);
  const labels = spec.template?.metadata?.labels;
  if (labels === undefined) return;
  if (Object.keys(spec.selector ?? {}).length === 0) spec.selector = { ...labels };
  controller.metadata ??= {};
  if (Object.keys(controller.metadata.labels ?? {}).length === 0) {
    controller.metadata.labels = { ...labels };
  }
}

function replicationControllerWarnings(
  next: ReplicationController,
  old: ReplicationController | undefined,
): readonly string[] {
  if (old === undefined) {
    return [...podNameWarnings(next), ...podTemplateWarnings(next.spec?.template, templatePath)];
  }
  // Upstream takes the two the wrong way round here, and warns of the template that was.
  const changed = next.metadata?.generation !== old.metadata?.generation;
  return changed ? podTemplateWarnings(old.spec?.template, templatePath) : [];
}

const docs = 'https://kubernetes.io/docs/concepts';
const controllerDocs = `${docs}/workloads/controllers/replicationcontroller#what-is-a-replicationcontroller`;

export const replicationControllerResource = defineResource<ReplicationController>({
  kind: 'ReplicationController',
  plural: 'replicationcontrollers',
  singular: 'replicationcontroller',
  storagePrefix: 'controllers',
  shortNames: ['rc'],
  categories: ['all'],
  namespaced: true,
  groups: [
    {
      group: '',
      versions: [
        {
          version: 'v1',
          schema: 'io.k8s.api.core.v1.ReplicationController',
          defaults: setReplicationControllerDefaults,
        },
      ],
    },
  ],
  selectableFields: {
    'status.replicas': (controller) => String(controller.status?.replicas ?? 0),
  },
  hasStatus: true,
  defaultPropagation: 'Orphan',
  prepareCreate: ({ spec }) => dropGatedTemplateFields(spec?.template),
  prepareUpdate: (next, old) => dropGatedTemplateFields(next.spec?.template, old.spec?.template),
  scale: replicasScale(({ spec }) => selectorText({ matchLabels: spec?.selector ?? {} })),
  validateName: validateLongName,
  validate: validateReplicationController,
  validateStatusUpdate: validateReplicationControllerStatusUpdate,
  warnings: replicationControllerWarnings,
  table: {
    columns: [
      nameColumn,
      column(
        'Desired',
        'Replicas is the number of desired replicas. This is a pointer to distinguish between ' +
          `explicit zero and unspecified. Defaults to 1. More info: ${controllerDocs}`,
        'integer',
      ),
      column(
        'Current',
        `Replicas is the most recently observed number of replicas. More info: ${controllerDocs}`,
        'integer',
      ),
      column('Ready', 'The number of ready replicas for this replication controller.', 'integer'),
      ageColumn,
      containersColumn,
      imagesColumn,
      wideColumn(
        'Selector',
        'Selector is a label query over pods that should match the Replicas count. If Selector ' +
          'is empty, it is defaulted to the labels present on the Pod template. Label keys and ' +
          'values that must match in order to be controlled by this replication controller, if ' +
          'empty defaulted to labels on Pod template. More info: ' +
          `${docs}/overview/working-with-objects/labels/#label-selectors`,
      ),
    ],
    cells: (controller, nowMs) => [
      nameCell(controller),
      controller.spec?.replicas ?? 0,
      controller.status?.replicas ?? 0,
      controller.status?.readyReplicas ?? 0,
      ageCell(controller, nowMs),
      containersCell(controller.spec?.template),
      imagesCell(controller.spec?.template),
      labelsCell(controller.spec?.selector),
    ],
  },
});
