// Carries out a preemption: marks the victims, deletes them gracefully, and says who and why.
import type { Client } from '../client/client.ts';
import type { EventRecorder } from '../client/event-recorder.ts';
import { pods } from '../client/resource-ref.ts';
import { type Clock, timestamp } from '../clock.ts';
import { isReason } from '../status.ts';
import { schedulerNameOf } from './pod-info.ts';
import type { Candidate } from './preemption.ts';
import type { PodInfo } from './types.ts';

export interface EvictionOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly events: EventRecorder;
}

/** @throws what the API answers, unless a victim has gone by itself; others are evicted still */
export async function evictVictims(
  options: EvictionOptions,
  preemptor: PodInfo,
  candidate: Candidate,
): Promise<void> {
  const staying = candidate.victims.filter(({ terminating }) => !terminating);
  const results = await Promise.allSettled(
    staying.map((victim) => evict(options, preemptor, candidate.node, victim)),
  );
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}

async function evict(
  { client, clock, events }: EvictionOptions,
  preemptor: PodInfo,
  node: string,
  { pod, uid, namespace }: PodInfo,
): Promise<void> {
  const { name = '', generation } = pod.metadata ?? {};
  const scheduler = schedulerNameOf(preemptor.pod);
  const condition = {
    type: 'DisruptionTarget',
    status: 'True',
    reason: 'PreemptionByScheduler',
    message: `${scheduler}: preempting to accommodate a higher priority pod`,
    lastProbeTime: null,
    lastTransitionTime: timestamp(clock),
    ...(generation === undefined ? {} : { observedGeneration: generation }),
  };
  try {
    const status = { metadata: { uid }, status: { conditions: [condition] } };
    await client.patch(pods, namespace, name, 'strategic', status, { subresource: 'status' });
    await client.delete(pods, namespace, name, { uid });
  } catch (error) {
    // Gone, or another pod by the same name: there is room either way.
    if (isReason(error, 'NotFound') || isReason(error, 'Conflict')) return;
    throw error;
  }
  const message = `Preempted by pod ${preemptor.uid} on node ${node}`;
  events.event(pods, pod, 'Normal', 'Preempted', message);
}
