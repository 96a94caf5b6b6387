// Binding a pod to a node: what the scheduler's one write does to the stored pod.
import type { Pod } from '../../objects.ts';
import { badRequest, conflict } from '../../status.ts';

/** core/v1 Binding as it arrives at `pods/NAME/binding`. */
export interface Binding {
  readonly metadata?: {
    readonly name?: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly target?: { readonly kind?: string; readonly name?: string };
}

const pods = { group: '', resource: 'pods' };

/** 409 Conflict as the scheduler sees it: `Operation cannot be fulfilled on pods/binding …`. */
function refuse(name: string, why: string): Error {
  return conflict({ group: '', resource: 'pods/binding' }, name, why);
}

/**
 * A binding can be wrong before anybody looks for the pod. Upstream refuses it with a plain error,
 * which its clients see as a 500; here it is the client's fault.
 *
 * @throws StatusError 400 for a target that is no node
 */
export function checkTarget({ target }: Binding): void {
  const kind = target?.kind ?? '';
  if (kind !== '' && kind !== 'Node') {
    throw badRequest(
      `target.kind: Unsupported value: ${JSON.stringify(kind)}: ` +
        'supported values: "Node", "<empty>"',
    );
  }
  if ((target?.name ?? '') === '') throw badRequest('target.name: Required value');
}

/**
 * Gives the bound pod; `pod` is left alone. Preconditions of `binding.metadata` (uid) hold, its
 * annotations and labels are merged, and PodScheduled becomes True.
 *
 * @param timestamp now, as metav1.Time
 * @throws StatusError 400 for a target that is no node, 409 when the pod cannot be bound
 */
export function applyBinding(pod: Pod, binding: Binding, timestamp: string): Pod {
  const name = pod.metadata?.name ?? '';
  checkTarget(binding);
  const nodeName = binding.target?.name ?? '';
  const uid = binding.metadata?.uid;
  if (uid && uid !== pod.metadata?.uid) {
    const why =
      `Precondition failed: UID in precondition: ${uid}, ` +
      `UID in object meta: ${pod.metadata?.uid ?? ''}`;
    throw conflict(pods, name, why);
  }
  if (pod.metadata?.deletionTimestamp !== undefined) {
    throw refuse(name, `pod ${name} is being deleted, cannot be assigned to a host`);
  }
  const bound = pod.spec?.nodeName ?? '';
  if (bound !== '') {
    throw refuse(name, `pod ${name} is already assigned to node ${JSON.stringify(bound)}`);
  }
  if ((pod.spec?.schedulingGates ?? []).length > 0) {
    throw refuse(name, `pod ${name} has non-empty .spec.schedulingGates`);
  }
  return boundPod(pod, binding, nodeName, timestamp);
}

function boundPod(pod: Pod, binding: Binding, nodeName: string, timestamp: string): Pod {
  const next = structuredClone(pod);
  next.metadata ??= {};
  next.spec ??= { containers: [] };
  next.spec.nodeName = nodeName;
  const { annotations, labels } = binding.metadata ?? {};
  if (annotations !== undefined) {
    next.metadata.annotations = { ...next.metadata.annotations, ...annotations };
  }
  if (labels !== undefined) next.metadata.labels = { ...next.metadata.labels, ...labels };
  next.status ??= {};
  next.status.conditions = scheduledConditions(next, timestamp);
  // The nomination has done its work.
  delete next.status.nominatedNodeName;
  return next;
}

function scheduledConditions(pod: Pod, timestamp: string) {
  const conditions = pod.status?.conditions ?? [];
  const index = conditions.findIndex((condition) => condition.type === 'PodScheduled');
  const before = conditions[index];
  const scheduled = {
    type: 'PodScheduled',
    status: 'True',
    ...(pod.metadata?.generation ? { observedGeneration: pod.metadata.generation } : {}),
    lastTransitionTime:
      before?.status === 'True' ? (before.lastTransitionTime ?? timestamp) : timestamp,
  };
  return before === undefined ? [...conditions, scheduled] : conditions.with(index, scheduled);
}
