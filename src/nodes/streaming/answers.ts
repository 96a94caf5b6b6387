// The kubelet's plain HTTP answers: pods, health, statistics, logs, run.
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../../clock.ts';
import { containersOf } from '../kubelet/pod.ts';
import type { Runtime } from '../runtime.ts';
import { containerLogs } from './container-logs.ts';
import type { NodeStats } from './stats.ts';
import { findContainer, findPod, type PodLookup, RefusalError } from './targets.ts';

/** Upstream's limit for a command run without streams. */
const runTimeoutMs = 60_000;

export interface AnswerContext {
  readonly runtime: Runtime;
  readonly pods: PodLookup;
  readonly clock: Clock;
  readonly stats: NodeStats;
  readonly isHealthy: () => boolean;
  readonly configz: unknown;
}

const metricsType = 'text/plain; version=0.0.4; charset=utf-8';

/** Answers one authorized request; @throws RefusalError with what to say instead */
export async function answer(
  context: AnswerContext,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): Promise<void> {
  const segments = url.pathname.split('/').filter((each) => each !== '');
  const [first = '', second = ''] = segments;
  switch (first) {
    case 'containerLogs':
      await answerLogs(context, request, response, segments.slice(1), url);
      return;
    case 'run':
      await answerRun(context, request, response, segments.slice(1), url);
      return;
    case 'healthz':
      if (!['', 'ping', 'log', 'syncloop'].includes(second)) break;
      if (!context.isHealthy()) throw new RefusalError(500, 'healthz check failed');
      send(response, 'text/plain; charset=utf-8', 'ok');
      return;
    case 'pods':
      sendJson(response, podList(context.pods.pods()));
      return;
    case 'runningpods':
      sendJson(response, await runningPods(context));
      return;
    case 'stats':
      if (second !== 'summary') break;
      sendJson(response, await context.stats.summary());
      return;
    case 'metrics':
      if (second === 'resource') send(response, metricsType, await context.stats.resourceMetrics());
      else if (second === '') send(response, metricsType, await context.stats.metrics());
      else if (second === 'cadvisor' || second === 'probes') send(response, metricsType, '');
      else break;
      return;
    case 'configz':
      sendJson(response, { kubeletconfig: context.configz ?? {} });
      return;
    case 'exec':
    case 'attach':
    case 'portForward':
      throw new RefusalError(400, 'unable to upgrade: missing upgrade headers in request');
    default:
  }
  throw new RefusalError(404, '404 page not found\n');
}

async function answerLogs(
  context: AnswerContext,
  request: IncomingMessage,
  response: ServerResponse,
  [namespace = '', podName = '', container = '']: readonly string[],
  url: URL,
): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  for (const [name, value] of [
    ['podNamespace', namespace],
    ['podID', podName],
    ['containerName', container],
  ]) {
    if (value === '') throw new RefusalError(400, `{"message": "Missing ${name}."}`);
  }
  if (request.method !== 'GET') throw new RefusalError(405, '405: Method Not Allowed');
  const log = await containerLogs(context, {
    namespace,
    podName,
    container,
    query: url.searchParams,
    signal: gone.signal,
  });
  const iterator = log[Symbol.asyncIterator]();
  let next: IteratorResult<Uint8Array>;
  if (url.searchParams.get('follow') === 'true' || url.searchParams.get('follow') === '1') {
    // A follower wants the headers now: the first line may come in an hour.
    response.setHeader('Content-Type', 'text/plain');
    response.flushHeaders();
    next = await iterator.next();
  } else {
    try {
      next = await iterator.next();
    } catch (error) {
      throw new RefusalError(400, error instanceof Error ? error.message : String(error));
    }
    response.setHeader('Content-Type', 'text/plain');
  }
  while (next.done !== true && !gone.signal.aborted) {
    if (!response.write(next.value)) await roomOrGone(response);
    next = await iterator.next();
  }
  await iterator.return?.();
  response.end();
}

async function roomOrGone(response: ServerResponse): Promise<void> {
  if (response.destroyed) return;
  const settled = new AbortController();
  const { signal } = settled;
  await Promise.race([
    once(response, 'drain', { signal }).catch(() => undefined),
    once(response, 'close', { signal }).catch(() => undefined),
  ]);
  settled.abort();
}

async function answerRun(
  context: AnswerContext,
  request: IncomingMessage,
  response: ServerResponse,
  parts: readonly string[],
  url: URL,
): Promise<void> {
  if (request.method !== 'POST') throw new RefusalError(405, '405: Method Not Allowed');
  const [namespace = '', name = ''] = parts;
  const uid = parts.length > 3 ? (parts[2] ?? '') : '';
  const container = parts.at(-1) ?? '';
  const pod = findPod(context.pods, { namespace, name, uid });
  const id = await findContainer(context.runtime, pod, container);
  const command = (url.searchParams.get('cmd') ?? '').split(' ');
  const result = await context.runtime.execSync(id, command, runTimeoutMs);
  const output = Buffer.concat([result.stdout, result.stderr]);
  if (result.exitCode !== 0) {
    const failed = `command '${command.join(' ')}' exited with ${result.exitCode}: `;
    throw new RefusalError(500, failed + output.toString());
  }
  send(response, 'application/json', output);
}

function podList(items: readonly object[]): object {
  return { kind: 'PodList', apiVersion: 'v1', metadata: {}, items };
}

async function runningPods({ runtime, pods }: AnswerContext): Promise<object> {
  const ready = new Set(
    (await runtime.listSandboxes()).filter((each) => each.ready).map(({ podUid }) => podUid),
  );
  const running = pods.pods().filter(({ metadata }) => ready.has(metadata?.uid ?? ''));
  return podList(
    running.map((pod) => ({
      metadata: {
        name: pod.metadata?.name,
        namespace: pod.metadata?.namespace,
        uid: pod.metadata?.uid,
        creationTimestamp: null,
      },
      spec: {
        containers: containersOf(pod).map(({ spec }) => ({
          name: spec.name,
          image: spec.image,
          resources: {},
        })),
      },
      status: {},
    })),
  );
}

function send(response: ServerResponse, type: string, body: string | Uint8Array): void {
  response.setHeader('Content-Type', type);
  response.end(body);
}

function sendJson(response: ServerResponse, body: unknown): void {
  send(response, 'application/json', JSON.stringify(body));
}
