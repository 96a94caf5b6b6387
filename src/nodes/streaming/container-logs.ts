// GET /containerLogs: which container's log is meant, what is asked of it, in upstream's words.
import { access } from 'node:fs/promises';
import type { Clock } from '../../clock.ts';
import type { ContainerStatus, Pod } from '../../objects.ts';
import { containersOf } from '../kubelet/pod.ts';
import type { Runtime } from '../runtime.ts';
import type { LogOptions } from './log-lines.ts';
import { readLog } from './log-reader.ts';
import { type PodLookup, RefusalError } from './targets.ts';

export interface LogRequest {
  readonly namespace: string;
  readonly podName: string;
  readonly container: string;
  readonly query: URLSearchParams;
  readonly signal: AbortSignal;
}

/** The log's bytes as they come; @throws RefusalError before the first one when there is none */
export async function containerLogs(
  { runtime, pods, clock }: { runtime: Runtime; pods: PodLookup; clock: Clock },
  request: LogRequest,
): Promise<AsyncIterable<Uint8Array>> {
  const { namespace, podName, container, query, signal } = request;
  const pod = pods.pod(namespace, podName);
  if (pod === undefined) {
    throw new RefusalError(404, `pod ${JSON.stringify(podName)} does not exist\n`);
  }
  if (!containersOf(pod).some(({ spec }) => spec.name === container)) {
    const [name, owner] = [container, podName].map((each) => JSON.stringify(each));
    throw new RefusalError(404, `container ${name} not found in pod ${owner}\n`);
  }
  const options = logOptions(query, clock);
  const id = loggedContainer(pod, container, isTrue(query.get('previous')));
  const details = await runtime.containerStatus(id).catch((error: unknown) => {
    throw new RefusalError(400, `unable to retrieve container logs for containerd://${id}`, {
      cause: error,
    });
  });
  if (details.logPath === '') return none();
  await access(details.logPath).catch((error: unknown) => {
    const path = JSON.stringify(details.logPath);
    const why = error instanceof Error ? error.message : String(error);
    throw new RefusalError(400, `failed to try resolving symlinks in path ${path}: ${why}`);
  });
  const source = {
    file: details.logPath,
    clock,
    signal,
    isRunning: async () => {
      const now = await runtime.containerStatus(id).catch(() => undefined);
      return now?.state === 'running' || now?.state === 'created';
    },
  };
  return readLog(source, options);
}

async function* none(): AsyncGenerator<Uint8Array> {}

function isTrue(value: string | null): boolean {
  return value !== null && value !== '0' && value.toLowerCase() !== 'false';
}

const invalid = '{"message": "Invalid request."}';
const undecodable = '{"message": "Unable to decode query."}';

/** @throws RefusalError 400 what cannot be read, 422 what makes no sense */
export function logOptions(query: URLSearchParams, clock: Clock): LogOptions {
  const number = (name: string) => {
    const text = query.get(name);
    if (text === null || text === '') return undefined;
    if (!/^-?\d{1,15}$/.test(text)) throw new RefusalError(400, undecodable);
    return Number(text);
  };
  const tail = query.get('tailLines');
  const tailLines = tail === 'all' ? undefined : number('tailLines');
  const limitBytes = number('limitBytes');
  const sinceSeconds = number('sinceSeconds');
  const sinceTime = query.get('sinceTime') ?? '';
  const stream = query.get('stream') || 'All';
  const sinceTimeMs = sinceTime === '' ? undefined : Date.parse(sinceTime);
  if (sinceTimeMs !== undefined && Number.isNaN(sinceTimeMs)) {
    throw new RefusalError(400, undecodable);
  }
  if (
    (tailLines !== undefined && tailLines < 0) ||
    (limitBytes !== undefined && limitBytes < 1) ||
    (sinceSeconds !== undefined && (sinceSeconds < 1 || sinceTimeMs !== undefined)) ||
    (stream !== 'All' && stream !== 'Stdout' && stream !== 'Stderr') ||
    (stream !== 'All' && tailLines !== undefined)
  ) {
    throw new RefusalError(422, invalid);
  }
  const sinceMs = sinceSeconds === undefined ? sinceTimeMs : clock.nowMs() - sinceSeconds * 1000;
  return {
    follow: isTrue(query.get('follow')),
    timestamps: isTrue(query.get('timestamps')),
    stream,
    ...(tailLines === undefined ? {} : { tailLines }),
    ...(limitBytes === undefined ? {} : { limitBytes }),
    ...(sinceMs === undefined ? {} : { sinceMs }),
  };
}

/** The id of the container whose log is meant; @throws RefusalError (400) when it has none yet */
export function loggedContainer(pod: Pod, container: string, previous: boolean): string {
  const { status } = pod;
  const found: ContainerStatus | undefined = [
    ...(status?.initContainerStatuses ?? []),
    ...(status?.containerStatuses ?? []),
    ...(status?.ephemeralContainerStatuses ?? []),
  ].find(({ name }) => name === container);
  const what = `container ${JSON.stringify(container)} in pod ${JSON.stringify(pod.metadata?.name)}`;
  if (found === undefined) throw new RefusalError(400, `${what} is not available`);
  const last = found.lastState?.terminated?.containerID ?? '';
  if (previous) {
    if (last !== '') return bareId(last);
    throw new RefusalError(400, `previous terminated ${what} not found`);
  }
  const { running, terminated, waiting } = found.state ?? {};
  if (running !== undefined) return bareId(found.containerID ?? '');
  const ended = terminated?.containerID ?? '';
  if (ended !== '') return bareId(ended);
  if (last !== '') return bareId(last);
  const reason = waiting?.reason ?? '';
  if (waiting === undefined) {
    throw new RefusalError(400, `${what} is waiting to start - no logs yet`);
  }
  const why =
    reason === 'ErrImagePull'
      ? "image can't be pulled"
      : reason === 'ImagePullBackOff'
        ? 'trying and failing to pull image'
        : reason;
  throw new RefusalError(400, `${what} is waiting to start: ${why}`);
}

function bareId(containerId: string): string {
  return containerId.replace(/^.*:\/\//, '');
}
