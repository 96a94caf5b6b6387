// The scheduler's word in a pod's status: the PodScheduled condition and the nominated node.
import type { Client } from '../client/client.ts';
import { pods } from '../client/resource-ref.ts';
import { type Clock, timestamp } from '../clock.ts';
import type { Pod } from '../objects.ts';
import { isReason } from '../status.ts';

export interface FailureStatus {
  readonly reason: 'Unschedulable' | 'SchedulerError';
  readonly message: string;
  /** Absent: as it is. Empty: none. */
  readonly nominatedNodeName?: string;
}

/** Writes PodScheduled=False unless the pod says so already. */
export async function reportFailure(
  client: Client,
  clock: Clock,
  pod: Pod,
  failure: FailureStatus,
): Promise<void> {
  const { name = '', namespace = '', generation } = pod.metadata ?? {};
  const { reason, message, nominatedNodeName } = failure;
  const old = pod.status?.conditions?.find(({ type }) => type === 'PodScheduled');
  const sameCondition = old?.status === 'False' && old.reason === reason && old.message === message;
  const sameNominee =
    nominatedNodeName === undefined || nominatedNodeName === (pod.status?.nominatedNodeName ?? '');
  if (sameCondition && sameNominee) return;
  const condition = {
    type: 'PodScheduled',
    status: 'False',
    reason,
    message,
    lastProbeTime: null,
    lastTransitionTime:
      old?.status === 'False' && old.lastTransitionTime !== undefined
        ? old.lastTransitionTime
        : timestamp(clock),
    ...(generation === undefined ? {} : { observedGeneration: generation }),
  };
  const status = {
    ...(sameCondition ? {} : { conditions: [condition] }),
    ...(sameNominee
      ? {}
      : { nominatedNodeName: nominatedNodeName === '' ? null : nominatedNodeName }),
  };
  await client.patch(pods, namespace, name, 'strategic', { status }, { subresource: 'status' });
}

/** Says that the pod has no node in view any more; a pod that is gone has none either. */
export async function clearNomination(client: Client, pod: Pod): Promise<void> {
  const { name = '', namespace = '' } = pod.metadata ?? {};
  if ((pod.status?.nominatedNodeName ?? '') === '') return;
  const patch = { status: { nominatedNodeName: null } };
  try {
    await client.patch(pods, namespace, name, 'merge', patch, { subresource: 'status' });
  } catch (error) {
    if (!isReason(error, 'NotFound')) throw error;
  }
}
