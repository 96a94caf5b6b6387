// The row of a pod in `kubectl get pods`: readiness, the one-word status, restarts with their age.
import type { Pod } from '../../objects.ts';
import { ageSince } from '../human-duration.ts';
import { ageCell, ageColumn, column, nameCell, nameColumn, wideColumn } from '../printer-column.ts';
import type { TableShape } from '../resource.ts';
import type { ContainerStatus } from './types.ts';

interface Summary {
  reason: string;
  readyContainers: number;
  totalContainers: number;
  restarts: number;
  /** Start of the latest run that ended, in milliseconds; 0 for none. */
  lastRestartMs: number;
}

interface InitSummary {
  readonly initializing: boolean;
  readonly sidecarRestarts: number;
  readonly sidecarLastRestartMs: number;
}

function isSidecar(pod: Pod, name: string): boolean {
  return (pod.spec?.initContainers ?? []).some(
    (container) => container.name === name && container.restartPolicy === 'Always',
  );
}

function lastRestartMs(status: ContainerStatus): number {
  const finishedAt = status.lastState?.terminated?.finishedAt;
  return finishedAt ? Date.parse(finishedAt) : 0;
}

function terminationReason(terminated: {
  readonly reason?: string;
  readonly signal?: number;
  readonly exitCode: number;
}): string {
  if (terminated.reason) return terminated.reason;
  if (terminated.signal) return `Signal:${terminated.signal}`;
  return `ExitCode:${terminated.exitCode}`;
}

/** Whether an init container with this state lets the next one start. */
function isPastInit(pod: Pod, status: ContainerStatus): boolean {
  if (status.state?.terminated && status.state.terminated.exitCode === 0) return true;
  return isSidecar(pod, status.name) && status.started === true;
}

function initReason(status: ContainerStatus, index: number, total: number): string {
  const { terminated, waiting } = status.state ?? {};
  if (terminated) return `Init:${terminationReason(terminated)}`;
  if (waiting?.reason && waiting.reason !== 'PodInitializing') return `Init:${waiting.reason}`;
  return `Init:${index}/${total}`;
}

function summarizeInit(pod: Pod, summary: Summary): InitSummary {
  const total = (pod.spec?.initContainers ?? []).length;
  let sidecarRestarts = 0;
  let sidecarLastRestartMs = 0;
  for (const [index, status] of (pod.status?.initContainerStatuses ?? []).entries()) {
    summary.restarts += status.restartCount;
    summary.lastRestartMs = Math.max(summary.lastRestartMs, lastRestartMs(status));
    if (isSidecar(pod, status.name)) {
      sidecarRestarts += status.restartCount;
      sidecarLastRestartMs = Math.max(sidecarLastRestartMs, lastRestartMs(status));
    }
    if (isPastInit(pod, status)) {
      if (!status.state?.terminated && status.ready) summary.readyContainers++;
      continue;
    }
    summary.reason = initReason(status, index, total);
    return { initializing: true, sidecarRestarts, sidecarLastRestartMs };
  }
  return { initializing: false, sidecarRestarts, sidecarLastRestartMs };
}

function hasTrueCondition(pod: Pod, type: string): boolean {
  return (pod.status?.conditions ?? []).some(
    (condition) => condition.type === type && condition.status === 'True',
  );
}

function summarizeContainers(pod: Pod, summary: Summary, init: InitSummary): void {
  summary.restarts = init.sidecarRestarts;
  summary.lastRestartMs = init.sidecarLastRestartMs;
  let hasRunning = false;
  // From last to first, so that the first container's reason wins.
  for (const status of [...(pod.status?.containerStatuses ?? [])].reverse()) {
    summary.restarts += status.restartCount;
    summary.lastRestartMs = Math.max(summary.lastRestartMs, lastRestartMs(status));
    const { running, terminated, waiting } = status.state ?? {};
    if (waiting?.reason) summary.reason = waiting.reason;
    else if (terminated) summary.reason = terminationReason(terminated);
    else if (status.ready && running) {
      hasRunning = true;
      summary.readyContainers++;
    }
  }
  if (summary.reason === 'Completed' && hasRunning) {
    summary.reason = hasTrueCondition(pod, 'Ready') ? 'Running' : 'NotReady';
  }
}

function summarize(pod: Pod): Summary {
  const sidecars = (pod.spec?.initContainers ?? []).filter(
    (container) => container.restartPolicy === 'Always',
  );
  const { status } = pod;
  const summary: Summary = {
    reason: status?.reason || status?.phase || '',
    readyContainers: 0,
    totalContainers: (pod.spec?.containers ?? []).length + sidecars.length,
    restarts: 0,
    lastRestartMs: 0,
  };
  const gated = (status?.conditions ?? []).some(
    (condition) => condition.type === 'PodScheduled' && condition.reason === 'SchedulingGated',
  );
  if (gated) summary.reason = 'SchedulingGated';
  const init = summarizeInit(pod, summary);
  if (!init.initializing || hasTrueCondition(pod, 'Initialized')) {
    summarizeContainers(pod, summary, init);
  }
  if (pod.metadata?.deletionTimestamp !== undefined) {
    if (status?.reason === 'NodeLost') summary.reason = 'Unknown';
    else if (status?.phase !== 'Succeeded' && status?.phase !== 'Failed') {
      summary.reason = 'Terminating';
    }
  }
  return summary;
}

function readinessGatesCell(pod: Pod): string {
  const gates = pod.spec?.readinessGates ?? [];
  if (gates.length === 0) return '<none>';
  const met = gates.filter((gate) => hasTrueCondition(pod, gate.conditionType)).length;
  return `${met}/${gates.length}`;
}

function restartsCell(summary: Summary, nowMs: number): string {
  if (summary.restarts === 0 || summary.lastRestartMs === 0) return String(summary.restarts);
  const since = ageSince(new Date(summary.lastRestartMs).toISOString(), nowMs);
  return `${summary.restarts} (${since} ago)`;
}

export const podTable: TableShape<Pod> = {
  columns: [
    nameColumn,
    column('Ready', 'The aggregate readiness state of this pod for accepting traffic.'),
    column('Status', 'The aggregate status of the containers in this pod.'),
    column(
      'Restarts',
      'The number of times the containers in this pod have been restarted and when the last ' +
        'container in this pod has restarted.',
    ),
    ageColumn,
    wideColumn(
      'IP',
      'podIP address allocated to the pod. Routable at least within the cluster. Empty if not ' +
        'yet allocated.',
    ),
    wideColumn(
      'Node',
      'NodeName indicates in which node this pod is scheduled. If empty, this pod is a candidate ' +
        'for scheduling by the scheduler defined in schedulerName. Once this field is set, the ' +
        'kubelet for this node becomes responsible for the lifecycle of this pod. This field ' +
        'should not be used to express a desire for the pod to be scheduled on a specific node. ' +
        'https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/#nodename',
    ),
    wideColumn(
      'Nominated Node',
      'nominatedNodeName is set only when this pod preempts other pods on the node, but it ' +
        'cannot be scheduled right away as preemption victims receive their graceful termination ' +
        'periods. This field does not guarantee that the pod will be scheduled on this node. ' +
        'Scheduler may decide to place the pod elsewhere if other nodes become available sooner. ' +
        'Scheduler may also decide to give the resources on this node to a higher priority pod ' +
        'that is created after preemption. As a result, this field may be different than ' +
        'PodSpec.nodeName when the pod is scheduled.',
    ),
    wideColumn(
      'Readiness Gates',
      'If specified, all readiness gates will be evaluated for pod readiness. A pod is ready when ' +
        'all its containers are ready AND all conditions specified in the readiness gates have ' +
        'status equal to "True" More info: ' +
        'https://git.k8s.io/enhancements/keps/sig-network/580-pod-readiness-gates',
    ),
  ],
  cells(pod, nowMs) {
    const summary = summarize(pod);
    return [
      nameCell(pod),
      `${summary.readyContainers}/${summary.totalContainers}`,
      summary.reason,
      restartsCell(summary, nowMs),
      ageCell(pod, nowMs),
      pod.status?.podIPs?.[0]?.ip || pod.status?.podIP || '<none>',
      pod.spec?.nodeName || '<none>',
      pod.status?.nominatedNodeName || '<none>',
      readinessGatesCell(pod),
    ];
  },
};
