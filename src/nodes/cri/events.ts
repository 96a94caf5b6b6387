// Hints that something changed: CRI's event stream where there is one, else containerd's own.
import { GrpcError, grpcStatus } from '../../grpc.ts';
import type { RuntimeEvent } from '../runtime.ts';
import type { CriConnection } from './connection.ts';
import type { ContainerdEvent } from './messages.ts';

interface CriEvent {
  readonly container_id: string;
  readonly pod_sandbox_status: { readonly metadata: { readonly uid: string } | null } | null;
}

/** containerd's task events, by the type in their Any. Others say nothing about a pod's state. */
const taskEvents: ReadonlySet<string> = new Set([
  'containerd.events.TaskStart',
  'containerd.events.TaskExit',
  'containerd.events.TaskOOM',
  'containerd.events.TaskPaused',
  'containerd.events.TaskResumed',
]);

/**
 * Calls `onEvent` until the stream ends or `signal` aborts; the caller subscribes again. A
 * runtime without any event service resolves at once, and the relist alone stays.
 */
export async function watchRuntimeEvents(
  connection: CriConnection,
  onEvent: (event: RuntimeEvent) => void,
  signal: AbortSignal,
): Promise<void> {
  try {
    for await (const event of connection.criEvents<CriEvent>(signal)) {
      const podUid = event.pod_sandbox_status?.metadata?.uid;
      onEvent({ containerId: event.container_id, ...(podUid === undefined ? {} : { podUid }) });
    }
  } catch (error) {
    if (signal.aborted) return;
    if (!isUnimplemented(error)) throw error;
    await watchContainerd(connection, onEvent, signal);
  }
}

async function watchContainerd(
  connection: CriConnection,
  onEvent: (event: RuntimeEvent) => void,
  signal: AbortSignal,
): Promise<void> {
  const request = { filters: ['topic~="^/tasks/"'] };
  try {
    const stream = connection.containerdStream<ContainerdEvent>(
      'events.v1.Events',
      'Subscribe',
      request,
      signal,
    );
    for await (const { namespace, event } of stream) {
      if (namespace !== 'k8s.io' || event === null || !taskEvents.has(event.type_url)) continue;
      const task = connection.decodeContainerd(event.type_url, event.value);
      onEvent({ containerId: (task as { container_id: string }).container_id });
    }
  } catch (error) {
    if (signal.aborted || isUnimplemented(error)) return;
    throw error;
  }
}

function isUnimplemented(error: unknown): boolean {
  return error instanceof GrpcError && error.code === grpcStatus.UNIMPLEMENTED;
}
