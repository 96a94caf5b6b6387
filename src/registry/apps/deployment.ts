// Deployment: replicas of a pod, rolled from one template to the next.
import { isDeepStrictEqual } from 'node:util';
import type { Deployment } from '../../objects.ts';
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
  validateDeployment,
  validateDeploymentStatusUpdate,
  validateDeploymentUpdate,
} from './deployment-validation.ts';
import { replicasScale } from './workload-scale.ts';
import { containersCell, containersColumn, imagesCell, imagesColumn } from './workload-table.ts';
import { changedTemplateWarnings, podNameWarnings } from './workload-warnings.ts';

function setDeploymentDefaults(deployment: Deployment): void {
  const { spec } = deployment;
  if (!spec) return;
  spec.replicas ??= 1;
  spec.strategy ??= {};
  spec.strategy.type ||= 'RollingUpdate';
  if (spec.strategy.type === 'RollingUpdate') {
    spec.strategy.rollingUpdate ??= {};
    spec.strategy.rollingUpdate.maxUnavailable ??= '25%';
    spec.strategy.rollingUpdate.maxSurge ??= '25%';
  }
  spec.revisionHistoryLimit ??= 10;
  spec.progressDeadlineSeconds ??= 600;
  setPodTemplateDefaults(spec.template);
}

export const deploymentResource = defineResource<Deployment>({
  kind: 'Deployment',
  plural: 'deployments',
  singular: 'deployment',
  shortNames: ['deploy'],
  categories: ['all'],
  namespaced: true,
  groups: [
    {
      group: 'apps',
      versions: [
        {
          version: 'v1',
          schema: 'io.k8s.api.apps.v1.Deployment',
          defaults: setDeploymentDefaults,
        },
      ],
    },
  ],
  hasStatus: true,
  prepareCreate(deployment) {
    deployment.status = {};
    dropGatedTemplateFields(deployment.spec?.template);
  },
  prepareUpdate(next, old) {
    dropGatedTemplateFields(next.spec?.template, old.spec?.template);
    // Rollbacks of old are kept as annotations: they count as a change of the spec.
    const changed = !isDeepStrictEqual(next.metadata?.annotations, old.metadata?.annotations);
    if (changed && next.metadata?.generation !== undefined) {
      next.metadata.generation = (old.metadata?.generation ?? 0) + 1;
    }
  },
  statusResetFields: [['metadata', 'labels']],
  prepareStatusUpdate(next, old) {
    if (next.metadata === undefined) return;
    if (old.metadata?.labels === undefined) delete next.metadata.labels;
    else next.metadata.labels = old.metadata.labels;
  },
  scale: replicasScale(({ spec }) => selectorText(spec?.selector)),
  validate: validateDeployment,
  validateUpdate: validateDeploymentUpdate,
  validateStatusUpdate: validateDeploymentStatusUpdate,
  warnings: (deployment, old) => [
    ...(old === undefined ? podNameWarnings(deployment) : []),
    ...changedTemplateWarnings(deployment, old, deployment.spec?.template),
  ],
  table: {
    columns: [
      nameColumn,
      column('Ready', 'Number of the pod with ready state'),
      column(
        'Up-to-date',
        'Total number of non-terminating pods targeted by this deployment that have the desired ' +
          'template spec.',
      ),
      column(
        'Available',
        'Total number of available non-terminating pods (ready for at least minReadySeconds) ' +
          'targeted by this deployment.',
      ),
      ageColumn,
      containersColumn,
      imagesColumn,
      wideColumn(
        'Selector',
        'Label selector for pods. Existing ReplicaSets whose pods are selected by this will be ' +
          "the ones affected by this deployment. It must match the pod template's labels.",
      ),
    ],
    cells: (deployment, nowMs) => [
      nameCell(deployment),
      `${deployment.status?.readyReplicas ?? 0}/${deployment.spec?.replicas ?? 0}`,
      deployment.status?.updatedReplicas ?? 0,
      deployment.status?.availableReplicas ?? 0,
      ageCell(deployment, nowMs),
      containersCell(deployment.spec?.template),
      imagesCell(deployment.spec?.template),
      selectorCell(deployment.spec?.selector),
    ],
  },
});
