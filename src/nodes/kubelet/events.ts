// What the kubelet says by events: about pods, their containers, and the node itself.
import type { EventRecorder } from '../../client/event-recorder.ts';
import { nodes, pods } from '../../client/resource-ref.ts';
import type { Pod } from '../../objects.ts';
import { containerFieldPath, type PodContainer } from './pod.ts';

export type EventType = 'Normal' | 'Warning';

/** Where the kubelet says what it does, in upstream's reasons and words. */
export interface KubeletEvents {
  pod(pod: Pod, type: EventType, reason: string, message: string, container?: PodContainer): void;
  node(type: EventType, reason: string, message: string): void;
}

/** Says nothing: for thousands of simulated nodes, whose events nobody reads. */
export const silentEvents: KubeletEvents = { pod() {}, node() {} };

/** Events through `recorder`; a node's carry its name as uid, as upstream's kubelet writes them. */
export function kubeletEvents(recorder: EventRecorder, nodeName: string): KubeletEvents {
  const node = { metadata: { name: nodeName, uid: nodeName } };
  return {
    pod(pod, type, reason, message, container) {
      const about = container === undefined ? {} : { fieldPath: containerFieldPath(container) };
      recorder.event(pods, pod, type, reason, message, about);
    },
    node: (type, reason, message) => recorder.event(nodes, node, type, reason, message),
  };
}
