// Pod: the containers that run together on one node.
import { type Clock, timestamp } from '../../clock.ts';
import type { Pod } from '../../objects.ts';
import { defineResource } from '../resource.ts';
import { dropGatedPodFields } from './gated-pod-fields.ts';
import { setPodDefaults } from './pod-defaults.ts';
import { applyLabelKeys } from './pod-label-keys.ts';
import { qosClass } from './pod-resources.ts';
import { preparePodStatusUpdate } from './pod-status.ts';
import { validatePodStatusUpdate } from './pod-status-validation.ts';
import { podSubresources } from './pod-subresources.ts';
import { podTable } from './pod-table.ts';
import { validatePodUpdate } from './pod-update-validation.ts';
import { validatePod } from './pod-validation.ts';
import { podWarnings } from './pod-warnings.ts';

/** Finished pods and those no kubelet knows of need no grace. */
function podDeletionGraceSeconds(pod: Pod, asked: number | undefined): number {
  const { spec, status } = pod;
  let seconds = asked ?? spec?.terminationGracePeriodSeconds ?? 0;
  if (!spec?.nodeName) seconds = 0;
  if (status?.phase === 'Failed' || status?.phase === 'Succeeded') seconds = 0;
  // A negative grace once meant "at once" by mistake; it means one second.
  return seconds < 0 ? 1 : seconds;
}

function createdStatus(pod: Pod, clock: Clock): NonNullable<Pod['status']> {
  const gated = (pod.spec?.schedulingGates ?? []).length > 0;
  return {
    phase: 'Pending',
    qosClass: qosClass(pod),
    ...(gated
      ? {
          conditions: [
            {
              type: 'PodScheduled',
              status: 'False',
              // Go writes a time that never was as null.
              lastProbeTime: null as unknown as string,
              lastTransitionTime: timestamp(clock),
              reason: 'SchedulingGated',
              message: 'Scheduling is blocked due to non-empty scheduling gates',
            },
          ],
        }
      : {}),
  };
}

export const podResource = defineResource<Pod>({
  kind: 'Pod',
  plural: 'pods',
  singular: 'pod',
  shortNames: ['po'],
  categories: ['all'],
  namespaced: true,
  returnsDeletedObject: true,
  groups: [
    {
      group: '',
      versions: [{ version: 'v1', schema: 'io.k8s.api.core.v1.Pod', defaults: setPodDefaults }],
    },
  ],
  selectableFields: {
    'spec.nodeName': (pod) => pod.spec?.nodeName ?? '',
    'spec.restartPolicy': (pod) => pod.spec?.restartPolicy ?? '',
    'spec.schedulerName': (pod) => pod.spec?.schedulerName ?? '',
    'spec.serviceAccountName': (pod) => pod.spec?.serviceAccountName ?? '',
    'spec.hostNetwork': (pod) => String(pod.spec?.hostNetwork ?? false),
    'status.phase': (pod) => pod.status?.phase ?? '',
    'status.podIP': (pod) => pod.status?.podIPs?.[0]?.ip ?? pod.status?.podIP ?? '',
    'status.nominatedNodeName': (pod) => pod.status?.nominatedNodeName ?? '',
  },
  triggerField: 'spec.nodeName',
  hasStatus: true,
  prepareCreate(pod, { clock }) {
    pod.status = createdStatus(pod, clock);
    dropGatedPodFields(pod.spec);
    applyLabelKeys(pod);
  },
  prepareUpdate: (next, old) => dropGatedPodFields(next.spec, old.spec),
  statusResetFields: [
    ['metadata', 'deletionTimestamp'],
    ['metadata', 'ownerReferences'],
  ],
  prepareStatusUpdate: preparePodStatusUpdate,
  validate: validatePod,
  validateUpdate: validatePodUpdate,
  validateStatusUpdate: validatePodStatusUpdate,
  warnings: podWarnings,
  subresources: podSubresources,
  deletionGraceSeconds: podDeletionGraceSeconds,
  table: podTable,
});
