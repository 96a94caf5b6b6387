// Runs controllers: queues, workers, back-off, identities, informers, metrics, leader election.

import type { KeyPair } from '../certificates.ts';
import type { Client } from '../client/client.ts';
import { createEventRecorder, type EventRecorder } from '../client/event-recorder.ts';
import { createInformerFactory, type InformerFactory } from '../client/informer-factory.ts';
import { electLeader } from '../client/leader-election.ts';
import { createWorkQueue, type WorkQueue, type WorkQueueOptions } from '../client/work-queue.ts';
import { type Clock, sleep } from '../clock.ts';
import { describeError, type Logger } from '../logger.ts';
import type { Random } from '../random.ts';
import { isReason } from '../status.ts';

/** What a controller is given. */
export interface ControllerContext {
  /** Calls as the controller's own service account. */
  readonly client: Client;
  readonly informers: InformerFactory;
  readonly events: EventRecorder;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  readonly options: ControllerOptions;
  /** A queue whose keys `reconcile` makes so; `workers` run at once, each key by one of them. */
  queue(name: string, reconcile: Reconcile, options?: QueueOptions): WorkQueue;
  /** Calls `work` every `intervalMs` once everything has synced; a failure is logged. */
  every(name: string, intervalMs: number, work: () => Promise<void>): void;
  /** Called once when every informer has synced, before the workers start. */
  whenSynced(work: () => void | Promise<void>): void;
}

/** Throwing backs off; `requeueAfterMs` comes back later; nothing means done. */
export type Reconcile = (key: string) => Promise<Requeue | undefined>;

export interface Requeue {
  readonly requeueAfterMs: number;
}

export interface QueueOptions extends Pick<WorkQueueOptions, 'retryBaseMs' | 'retryMaxMs'> {
  readonly workers?: number;
  /** Keys to add after an overflow: all that the controller owns. */
  readonly allKeys?: () => Iterable<string>;
}

/** A controller: its service account's name and what it sets up. */
export interface Controller {
  readonly name: string;
  /** Declares queues and watches; must not call the API yet. */
  start(context: ControllerContext): void;
}

/** What a whole cluster tells its controllers. */
export interface ControllerOptions {
  /** Pod addresses for nodes, one block each; none are given out when it is missing. */
  readonly clusterCidr?: string;
  /** The address of Service kube-dns; without it nothing keeps that Service. */
  readonly clusterDns?: string;
  readonly nodeCidrMaskSize?: number;
  /** PEM of the CA that pods trust. */
  readonly rootCa?: string;
  /** Signs certificate requests; without it they are approved but stay unsigned. */
  readonly certificateAuthority?: KeyPair;
  readonly nodeMonitorGracePeriodMs?: number;
  readonly terminatedPodGcThreshold?: number;
}

export interface RunnerOptions {
  /** A client that calls as the service account `kube-system/<name>`. */
  readonly clientFor: (name: string) => Client;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  readonly options?: ControllerOptions;
  /** This process among the candidates; without it there is no election. */
  readonly identity?: string;
}

/** Counters of one queue, for /metrics. */
export interface QueueMetrics {
  readonly name: string;
  readonly length: number;
  readonly delayed: number;
  readonly processed: number;
  readonly failed: number;
}

export interface RunningControllers {
  /** Resolves once all informers have synced and workers run. */
  ready(): Promise<void>;
  /** Keys queued or worked on, events unwritten, informers that lag. */
  pending(): number;
  metrics(): readonly QueueMetrics[];
  /** Resolves when nothing runs any more (after `signal` aborted). */
  stopped: Promise<void>;
}

const workersDefault = 5;

/** Runs `controllers` until `signal` aborts, one leader at a time where `identity` is given. */
export function runControllers(
  controllers: readonly Controller[],
  options: RunnerOptions,
): RunningControllers {
  let term: Term | undefined;
  let markReady: () => void = () => undefined;
  const ready = new Promise<void>((resolve) => {
    markReady = resolve;
  });
  const lead = async (signal: AbortSignal) => {
    term = createTerm(controllers, options, signal);
    await term.run(markReady);
    term = undefined;
  };
  const { identity, clock, random, logger, signal } = options;
  const election = { clock, random, logger, signal, namespace: 'kube-system' };
  const stopped =
    identity === undefined
      ? lead(signal)
      : electLeader(
          options.clientFor('leader-election'),
          { ...election, name: 'kube-controller-manager', identity },
          lead,
        );
  return {
    ready: () => ready,
    pending: () => term?.pending() ?? 0,
    metrics: () => term?.metrics() ?? [],
    stopped,
  };
}

interface Term {
  run(onReady: () => void): Promise<void>;
  pending(): number;
  metrics(): readonly QueueMetrics[];
}

interface Lane {
  readonly name: string;
  readonly queue: WorkQueue;
  readonly reconcile: Reconcile;
  readonly workers: number;
  readonly logger: Logger;
  processed: number;
  failed: number;
}

/** One stretch of leadership: everything in it starts fresh and ends with it. */
function createTerm(
  controllers: readonly Controller[],
  options: RunnerOptions,
  signal: AbortSignal,
): Term {
  const { clock, random, logger, clientFor } = options;
  const informers = createInformerFactory(clientFor('shared-informers'), { clock, random, logger });
  const lanes: Lane[] = [];
  const recorders: EventRecorder[] = [];
  const onSynced: (() => void | Promise<void>)[] = [];
  const loops: (() => Promise<void>)[] = [];
  let running = 0;

  const contextFor = (controller: Controller): ControllerContext => {
    const client = clientFor(controller.name);
    const own = logger.child(controller.name);
    const events = createEventRecorder(client, { clock, logger: own, component: controller.name });
    recorders.push(events);
    return {
      client,
      informers,
      events,
      clock,
      random,
      logger: own,
      signal,
      options: options.options ?? {},
      queue(name, reconcile, queueOptions = {}) {
        const { workers = workersDefault, allKeys, ...limits } = queueOptions;
        const queue: WorkQueue = createWorkQueue({
          clock,
          ...limits,
          onOverflow: () => {
            for (const key of allKeys?.() ?? []) queue.add(key);
          },
        });
        lanes.push({ name, queue, reconcile, workers, logger: own, processed: 0, failed: 0 });
        return queue;
      },
      every(name, intervalMs, work) {
        loops.push(() =>
          repeat(clock, signal, own, name, intervalMs, work, (by) => (running += by)),
        );
      },
      whenSynced: (work) => void onSynced.push(work),
    };
  };
  for (const controller of controllers) controller.start(contextFor(controller));

  return {
    async run(onReady) {
      informers.start(signal);
      const aborted = new Promise<void>((resolve) => {
        if (signal.aborted) resolve();
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
      await Promise.race([informers.synced(), aborted]);
      const work: Promise<void>[] = [];
      if (!signal.aborted) {
        for (const each of onSynced) await each();
        for (const lane of lanes) {
          for (let i = 0; i < lane.workers; i++) work.push(workOn(lane));
        }
        for (const loop of loops) work.push(loop());
        onReady();
      }
      await aborted;
      for (const lane of lanes) lane.queue.close();
      await Promise.all(work);
      await informers.stop();
    },
    pending() {
      let pending = informers.pending() + running;
      for (const lane of lanes) pending += lane.queue.pending();
      for (const recorder of recorders) pending += recorder.pending();
      return pending;
    },
    metrics: () =>
      lanes.map(({ name, queue, processed, failed }) => {
        return { name, length: queue.length, delayed: queue.delayed, processed, failed };
      }),
  };
}

async function workOn(lane: Lane): Promise<void> {
  const { queue, reconcile, logger, name } = lane;
  for (let key = await queue.get(); key !== undefined; key = await queue.get()) {
    try {
      const result = await reconcile(key);
      queue.forget(key);
      if (result !== undefined) queue.addAfter(key, result.requeueAfterMs);
    } catch (error) {
      lane.failed++;
      queue.addRateLimited(key);
      const fields = { queue: name, key, why: describeError(error) };
      // Somebody wrote in between: the informer brings the news and the next try sees it.
      if (isReason(error, 'Conflict')) logger.debug('conflict, will retry', fields);
      else logger.warn('cannot reconcile, will retry', fields);
    } finally {
      lane.processed++;
      queue.done(key);
    }
  }
}

async function repeat(
  clock: Clock,
  signal: AbortSignal,
  logger: Logger,
  name: string,
  intervalMs: number,
  work: () => Promise<void>,
  count: (by: 1 | -1) => void,
): Promise<void> {
  while (!signal.aborted) {
    count(1);
    try {
      await work();
    } catch (error) {
      if (!signal.aborted) logger.warn(`cannot ${name}`, { why: describeError(error) });
    } finally {
      count(-1);
    }
    await sleep(clock, intervalMs, signal);
  }
}
