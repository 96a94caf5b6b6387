// The scheduler: informers feed its cache and queue, a loop runs one cycle after another.
import type { Client } from '../client/client.ts';
import { createEventRecorder } from '../client/event-recorder.ts';
import { createInformerFactory } from '../client/informer-factory.ts';
import { electLeader } from '../client/leader-election.ts';
import { namespaces, nodes, pods, services } from '../client/resource-ref.ts';
import type { Clock } from '../clock.ts';
import type { Logger } from '../logger.ts';
import type { Random } from '../random.ts';
import { SchedulerCache } from './cache.ts';
import { followNodes, followPods } from './cluster-events.ts';
import { clusterFacts } from './cluster-facts.ts';
import { SchedulingCycle } from './cycle.ts';
import { NominatedPods } from './nominated-pods.ts';
import { optionalListers } from './optional-listers.ts';
import { builtinPlugins } from './plugins/builtin.ts';
import { SchedulingQueue } from './queue.ts';

/** Bindings and statuses on their way to the API at once; the loop waits when there are more. */
export const writesMax = 128;
/** Cycles in one turn of the event loop, so that answers and events get theirs. */
const cyclesPerTurn = 16;

export interface SchedulerOptions {
  /** Calls as system:kube-scheduler. */
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Stops it. */
  readonly signal: AbortSignal;
  /** The pods it is responsible for. */
  readonly schedulerName?: string;
  /** This process among the candidates; without it there is no election. */
  readonly identity?: string;
}

export interface RunningScheduler {
  /** Resolves once it knows the cluster and has begun. */
  ready(): Promise<void>;
  /** Pods ready to be tried, writes and events under way, informers that lag. */
  pending(): number;
  /** Resolves when nothing of it runs any more. */
  readonly stopped: Promise<void>;
}

export function startScheduler(options: SchedulerOptions): RunningScheduler {
  const { client, clock, random, logger, signal, identity } = options;
  let term: Term | undefined;
  const ready = Promise.withResolvers<void>();
  const lead = async (termSignal: AbortSignal) => {
    term = startTerm({ ...options, signal: AbortSignal.any([signal, termSignal]) });
    void term.ready.then(ready.resolve);
    await term.stopped;
    term = undefined;
  };
  const election = { clock, random, logger, namespace: 'kube-system', name: 'kube-scheduler' };
  return {
    ready: () => ready.promise,
    pending: () => term?.pending() ?? 0,
    stopped:
      identity === undefined
        ? lead(signal)
        : electLeader(client, { ...election, identity, signal }, lead),
  };
}

/** The time in which this process is the one that schedules. */
interface Term {
  readonly ready: Promise<void>;
  readonly stopped: Promise<void>;
  pending(): number;
}

function startTerm(options: SchedulerOptions): Term {
  const { client, clock, random, logger, signal, schedulerName = 'default-scheduler' } = options;
  const informers = createInformerFactory(client, { clock, random, logger });
  const podInformer = informers.informer(pods);
  const nodeInformer = informers.informer(nodes);
  const events = createEventRecorder(client, { clock, logger, component: schedulerName });
  const optional = optionalListers({ client, informers, clock, logger, signal });
  const facts = clusterFacts({
    namespaces: informers.informer(namespaces),
    services: informers.informer(services),
    owner: optional.owner,
  });
  const cache = new SchedulerCache(facts);
  const nominated = new NominatedPods();
  const writes = new Set<Promise<void>>();
  let turn: NodeJS.Immediate | undefined;
  let started = false;

  const wake = () => {
    if (!started || signal.aborted) return;
    turn ??= setImmediate(() => {
      turn = undefined;
      runCycles();
    });
  };
  const queue = new SchedulingQueue({ clock, plugins: builtinPlugins, onReady: wake });
  const cycle = new SchedulingCycle({
    client,
    clock,
    random,
    logger,
    events,
    plugins: builtinPlugins,
    cache,
    queue,
    nominated,
    budgets: optional.budgets,
    currentPod: ({ pod }) =>
      podInformer.get(pod.metadata?.namespace ?? '', pod.metadata?.name ?? ''),
  });
  const runCycles = () => {
    for (let i = 0; i < cyclesPerTurn && writes.size < writesMax; i++) {
      const queued = queue.pop();
      if (queued === undefined) return;
      const write = cycle.run(queued).finally(() => {
        writes.delete(write);
        wake();
      });
      writes.add(write);
    }
    if (writes.size < writesMax) wake();
  };

  followNodes(nodeInformer, cache, queue);
  followPods(podInformer, { cache, queue, nominated, schedulerName });
  informers.start(signal);
  const ready = optional
    .found()
    .then(() => informers.synced())
    .then(() => {
      started = true;
      wake();
    });
  return {
    ready,
    pending: () =>
      queue.ready +
      (turn === undefined ? 0 : 1) +
      writes.size +
      events.pending() +
      informers.pending(),
    stopped: whenAborted(signal).then(async () => {
      if (turn !== undefined) clearImmediate(turn);
      queue.close();
      await Promise.all(writes);
      await Promise.all([informers.stop(), events.flush()]);
    }),
  };
}

function whenAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
