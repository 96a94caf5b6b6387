// DaemonSet: one pod of a template on every node that fits.
import type { DaemonSet } from '../../objects.ts';
import { dropGatedTemplateFields } from '../core/gated-pod-fields.ts';
import { setPodTemplateDefaults } from '../core/pod-defaults.ts';
import {
  ageCell,
  ageColumn,
  column,
  labelsCell,
  nameCell,
  nameColumn,
  selectorCell,
  wideColumn,
} from '../printer-column.ts';
import { defineResource, type TableShape } from '../resource.ts';
import { validateDaemonSet, validateDaemonSetStatusUpdate } from './daemon-set-validation.ts';
import {
  countTemplateGeneration,
  setTemplateGenerationDefault,
  startTemplateGeneration,
  templateGenerationAnnotation,
  withoutTemplateGeneration,
} from './template-generation.ts';
import { containersCell, containersColumn, imagesCell, imagesColumn } from './workload-table.ts';
import { changedTemplateWarnings } from './workload-warnings.ts';

function setDaemonSetDefaults(daemonSet: DaemonSet): void {
  setTemplateGenerationDefault(daemonSet);
  const { spec } = daemonSet;
  if (!spec) return;
  spec.updateStrategy ??= {};
  spec.updateStrategy.type ||= 'RollingUpdate';
  if (spec.updateStrategy.type === 'RollingUpdate') {
    spec.updateStrategy.rollingUpdate ??= {};
    spec.updateStrategy.rollingUpdate.maxUnavailable ??= 1;
    spec.updateStrategy.rollingUpdate.maxSurge ??= 0;
  }
  spec.revisionHistoryLimit ??= 10;
  setPodTemplateDefaults(spec.template);
}

const docs = 'https://kubernetes.io/docs/concepts';

const daemonSetTable: TableShape<DaemonSet> = {
  columns: [
    nameColumn,
    column(
      'Desired',
      'The total number of nodes that should be running the daemon pod (including nodes ' +
        `correctly running the daemon pod). More info: ${docs}/workloads/controllers/daemonset/`,
      'integer',
    ),
    column(
      'Current',
      'The number of nodes that are running at least 1 daemon pod and are supposed to run the ' +
        `daemon pod. More info: ${docs}/workloads/controllers/daemonset/`,
      'integer',
    ),
    column(
      'Ready',
      'numberReady is the number of nodes that should be running the daemon pod and have one or ' +
        'more of the daemon pod running with a Ready Condition.',
      'integer',
    ),
    column(
      'Up-to-date',
      'The total number of nodes that are running updated daemon pod',
      'integer',
    ),
    column(
      'Available',
      'The number of nodes that should be running the daemon pod and have one or more of the ' +
        'daemon pod running and available (ready for at least spec.minReadySeconds)',
      'integer',
    ),
    column(
      'Node Selector',
      'NodeSelector is a selector which must be true for the pod to fit on a node. Selector which ' +
        "must match a node's labels for the pod to be scheduled on that node. More info: " +
        `${docs}/configuration/assign-pod-node/`,
    ),
    ageColumn,
    containersColumn,
    imagesColumn,
    wideColumn(
      'Selector',
      'A label query over pods that are managed by the daemon set. Must match in order to be ' +
        "controlled. It must match the pod template's labels. More info: " +
        `${docs}/overview/working-with-objects/labels/#label-selectors`,
    ),
  ],
  cells: (daemonSet, nowMs) => [
    nameCell(daemonSet),
    daemonSet.status?.desiredNumberScheduled ?? 0,
    daemonSet.status?.currentNumberScheduled ?? 0,
    daemonSet.status?.numberReady ?? 0,
    daemonSet.status?.updatedNumberScheduled ?? 0,
    daemonSet.status?.numberAvailable ?? 0,
    labelsCell(daemonSet.spec?.template.spec?.nodeSelector),
    ageCell(daemonSet, nowMs),
    containersCell(daemonSet.spec?.template),
    imagesCell(daemonSet.spec?.template),
    selectorCell(daemonSet.spec?.selector),
  ],
};

export const daemonSetResource = defineResource<DaemonSet>({
  kind: 'DaemonSet',
  plural: 'daemonsets',
  singular: 'daemonset',
  shortNames: ['ds'],
  categories: ['all'],
  namespaced: true,
  groups: [
    {
      group: 'apps',
      versions: [
        { version: 'v1', schema: 'io.k8s.api.apps.v1.DaemonSet', defaults: setDaemonSetDefaults },
      ],
    },
  ],
  hasStatus: true,
  prepareCreate(daemonSet) {
    startTemplateGeneration(daemonSet);
    dropGatedTemplateFields(daemonSet.spec?.template);
  },
  prepareUpdate(next, old) {
    dropGatedTemplateFields(next.spec?.template, old.spec?.template);
    countTemplateGeneration(next, old);
  },
  // The count lives in the spec as upstream holds it, so no status update changes it.
  prepareStatusUpdate(next, old) {
    const count = old.metadata?.annotations?.[templateGenerationAnnotation];
    if (count === undefined || next.metadata === undefined) return;
    next.metadata.annotations = {
      ...next.metadata.annotations,
      [templateGenerationAnnotation]: count,
    };
  },
  validate: validateDaemonSet,
  validateStatusUpdate: validateDaemonSetStatusUpdate,
  warnings: (daemonSet, old) => changedTemplateWarnings(daemonSet, old, daemonSet.spec?.template),
  table: daemonSetTable,
  partialMetadata: withoutTemplateGeneration,
});
