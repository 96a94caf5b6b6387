// From a path on the kubelet's port to the container or sandbox it means.
import type { Pod } from '../../objects.ts';
import { containerNameLabel, podUidLabel } from '../kubelet/labels.ts';
import type { Runtime } from '../runtime.ts';

/** The pods of this node, with their newest statuses; the Kubelet is one. */
export interface PodLookup {
  pods(): readonly Pod[];
  pod(namespace: string, name: string): Pod | undefined;
}

/** An answer that is an error: its text is all that upstream says. */
export class RefusalError extends Error {
  readonly code = 'ERR_KUBELET_REFUSAL';
  readonly status: number;
  constructor(status: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
  }
}

export interface PodPath {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** Finds the pod; @throws RefusalError as upstream's exec, attach and port-forward do */
export function findPod(lookup: PodLookup, { namespace, name, uid }: PodPath): Pod {
  const pod = lookup.pod(namespace, name);
  if (pod === undefined || (uid !== '' && pod.metadata?.uid !== uid)) {
    throw new RefusalError(404, 'pod does not exist');
  }
  return pod;
}

/** The id of the newest container of that name, a running one before others. */
export async function findContainer(runtime: Runtime, pod: Pod, name: string): Promise<string> {
  const uid = pod.metadata?.uid;
  const found = (await runtime.listContainers())
    .filter(({ labels }) => labels[podUidLabel] === uid && labels[containerNameLabel] === name)
    .sort(
      (a, b) =>
        Number(b.state === 'running') - Number(a.state === 'running') ||
        b.createdAtMs - a.createdAtMs ||
        b.attempt - a.attempt,
    );
  const [container] = found;
  if (container === undefined) {
    throw new RefusalError(500, `container not found (${JSON.stringify(name)})`);
  }
  return container.id;
}

/** The id of the pod's ready sandbox. */
export async function findSandbox(runtime: Runtime, pod: Pod): Promise<string> {
  const { uid = '', name = '', namespace = '' } = pod.metadata ?? {};
  const found = (await runtime.listSandboxes())
    .filter((sandbox) => sandbox.podUid === uid)
    .sort((a, b) => Number(b.ready) - Number(a.ready) || b.createdAtMs - a.createdAtMs);
  const [sandbox] = found;
  if (sandbox === undefined || !sandbox.ready) {
    throw new RefusalError(500, `failed to find sandboxID for pod ${name}_${namespace}`);
  }
  return sandbox.id;
}
