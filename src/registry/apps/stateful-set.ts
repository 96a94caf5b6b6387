// StatefulSet: pods with lasting names and claims, made and removed in order.
import type { StatefulSet } from '../../objects.ts';
import { claimSpecWarnings } from '../core/claim-spec-validation.ts';
import { dropGatedTemplateFields } from '../core/gated-pod-fields.ts';
import { setPodTemplateDefaults } from '../core/pod-defaults.ts';
import { FieldPath } from '../field.ts';
import { validateDns1123Label } from '../metadata/names.ts';
import {
  ageCell,
  ageColumn,
  column,
  nameCell,
  nameColumn,
  selectorText,
} from '../printer-column.ts';
import { roundToMilli } from '../quantity-validation.ts';
import { defineResource } from '../resource.ts';
import {
  validateStatefulSet,
  validateStatefulSetStatusUpdate,
  validateStatefulSetUpdate,
} from './stateful-set-validation.ts';
import { replicasScale } from './workload-scale.ts';
import { containersCell, containersColumn, imagesCell, imagesColumn } from './workload-table.ts';
import { changedTemplateWarnings } from './workload-warnings.ts';

type Spec = NonNullable<StatefulSet['spec']>;

function setStatefulSetDefaults({ spec }: StatefulSet): void {
  if (!spec) return;
  spec.podManagementPolicy ||= 'OrderedReady';
  spec.updateStrategy ??= {};
  if (!spec.updateStrategy.type) {
    spec.updateStrategy.type = 'RollingUpdate';
    spec.updateStrategy.rollingUpdate ??= {};
  }
  const { type, rollingUpdate } = spec.updateStrategy;
  if (type === 'RollingUpdate' && rollingUpdate) rollingUpdate.partition ??= 0;
  spec.persistentVolumeClaimRetentionPolicy ??= {};
  spec.persistentVolumeClaimRetentionPolicy.whenDeleted ||= 'Retain';
  spec.persistentVolumeClaimRetentionPolicy.whenScaled ||= 'Retain';
  spec.replicas ??= 1;
  spec.revisionHistoryLimit ??= 10;
  setPodTemplateDefaults(spec.template);
  for (const claim of spec.volumeClaimTemplates ?? []) setClaimTemplateDefaults(claim);
}

/** Claim templates are whole claims: with type meta, and a status that means nothing. */
function setClaimTemplateDefaults(claim: NonNullable<Spec['volumeClaimTemplates']>[number]): void {
  claim.apiVersion = 'v1';
  claim.kind = 'PersistentVolumeClaim';
  claim.spec ??= {};
  claim.spec.volumeMode ??= 'Filesystem';
  roundToMilli(claim.spec.resources?.limits);
  roundToMilli(claim.spec.resources?.requests);
  claim.status ??= {};
  claim.status.phase ||= 'Pending';
}

/** Rolling over several pods at once is behind a gate that is off. */
function dropMaxUnavailable(next: StatefulSet, old?: StatefulSet): void {
  if (old?.spec?.updateStrategy?.rollingUpdate?.maxUnavailable !== undefined) return;
  delete next.spec?.updateStrategy?.rollingUpdate?.maxUnavailable;
}

function statefulSetWarnings(
  next: StatefulSet,
  old: StatefulSet | undefined,
  subresource?: string,
): readonly string[] {
  if (subresource === 'status') return [];
  const warnings = [...changedTemplateWarnings(next, old, next.spec?.template)];
  (next.spec?.volumeClaimTemplates ?? []).forEach((claim, index) => {
    const path = FieldPath.of('spec', 'volumeClaimTemplates').index(index);
    // Upstream names the claim on create, and the field by its Go name on update.
    warnings.push(...claimSpecWarnings(claim.spec, old === undefined ? path : path.child('Spec')));
  });
  if ((next.spec?.revisionHistoryLimit ?? 0) < 0) {
    const why = 'a negative value retains all historical revisions; a value >= 0 is recommended';
    warnings.push(`spec.revisionHistoryLimit: ${why}`);
  }
  return warnings;
}

export const statefulSetResource = defineResource<StatefulSet>({
  kind: 'StatefulSet',
  plural: 'statefulsets',
  singular: 'statefulset',
  shortNames: ['sts'],
  categories: ['all'],
  namespaced: true,
  groups: [
    {
      group: 'apps',
      versions: [
        {
          version: 'v1',
          schema: 'io.k8s.api.apps.v1.StatefulSet',
          defaults: setStatefulSetDefaults,
        },
      ],
    },
  ],
  hasStatus: true,
  validateName: validateDns1123Label,
  prepareCreate(statefulSet) {
    dropMaxUnavailable(statefulSet);
    dropGatedTemplateFields(statefulSet.spec?.template);
  },
  prepareUpdate(next, old) {
    dropMaxUnavailable(next, old);
    dropGatedTemplateFields(next.spec?.template, old.spec?.template);
  },
  scale: replicasScale(({ spec }) => selectorText(spec?.selector)),
  validate: validateStatefulSet,
  validateUpdate: validateStatefulSetUpdate,
  validateStatusUpdate: validateStatefulSetStatusUpdate,
  warnings: statefulSetWarnings,
  table: {
    columns: [
      nameColumn,
      column('Ready', 'Number of the pod with ready state'),
      ageColumn,
      containersColumn,
      imagesColumn,
    ],
    cells: (statefulSet, nowMs) => [
      nameCell(statefulSet),
      `${statefulSet.status?.readyReplicas ?? 0}/${statefulSet.spec?.replicas ?? 0}`,
      ageCell(statefulSet, nowMs),
      containersCell(statefulSet.spec?.template),
      imagesCell(statefulSet.spec?.template),
    ],
  },
});
