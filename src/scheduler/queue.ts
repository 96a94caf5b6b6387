// Pods that wait for a node: ready, backing off, unschedulable until something changes, or gated.
import type { Clock, Timer } from '../clock.ts';
import type { Pod } from '../objects.ts';
import { Heap } from './heap.ts';
import { podInfo } from './pod-info.ts';
import type { ClusterEvent, Plugin, PodInfo } from './types.ts';

export const backoffInitialMs = 1_000;
export const backoffMaxMs = 10_000;
/** Nobody waits longer than this for an event that may have been missed. */
export const unschedulableMaxMs = 300_000;
const flushIntervalMs = 30_000;

/** One waiting pod. The queue alone changes it. */
export interface QueuedPod {
  info: PodInfo;
  /** When it last became ready; orders pods of one priority. */
  readySinceMs: number;
  sequence: number;
  /** Attempts that ended without a node, and those that ended in an error. */
  rejections: number;
  errors: number;
  lastAttemptMs: number;
  /** Names of the plugins that rejected some node at the last attempt. */
  rejectedBy: ReadonlySet<string>;
}

export interface SchedulingQueueOptions {
  readonly clock: Clock;
  readonly plugins: readonly Plugin[];
  /** Called when `pop` has something new to give. */
  readonly onReady: () => void;
}

/**
 * Every pod is in one place only: upstream's activeQ, backoffQ, unschedulablePods (gated ones
 * too), or with the caller between `pop` and `reject`/`fail`. As many pods as the API has
 * without a node, and no more; the API's own limits bound it.
 */
export class SchedulingQueue {
  readonly #clock: Clock;
  readonly #onReady: () => void;
  readonly #cures: ReadonlyMap<ClusterEvent, ReadonlySet<string>>;
  readonly #active = new Heap<QueuedPod>(keyOf, comesBefore);
  readonly #backoff = new Heap<QueuedPod>(keyOf, (a, b) => readyAtMs(a) < readyAtMs(b));
  /** Backing off after an error: these are never taken early. */
  readonly #erring = new Heap<QueuedPod>(keyOf, (a, b) => readyAtMs(a) < readyAtMs(b));
  readonly #unschedulable = new Map<string, QueuedPod>();
  readonly #gated = new Map<string, QueuedPod>();
  /** Pods whose preemption is under way, and whether an event would have woken them. */
  readonly #held = new Map<string, { woken: boolean }>();
  #sequence = 0;
  #timer: Timer | undefined;
  #flushTimer: Timer | undefined;
  #closed = false;

  constructor({ clock, plugins, onReady }: SchedulingQueueOptions) {
    this.#clock = clock;
    this.#onReady = onReady;
    this.#cures = curesOf(plugins);
  }

  /** Pods that could be tried now. */
  get ready(): number {
    return this.#active.size;
  }

  /** Sizes by place, for metrics. */
  get sizes(): { active: number; backoff: number; unschedulable: number; gated: number } {
    return {
      active: this.#active.size,
      backoff: this.#backoff.size + this.#erring.size,
      unschedulable: this.#unschedulable.size,
      gated: this.#gated.size,
    };
  }

  /** A pod without a node, as the API has it now; `before` is what it was. */
  set(pod: Pod, before?: Pod): PodInfo {
    const info = podInfo(pod);
    const known = this.#find(info.key);
    if (known === undefined || known.info.uid !== info.uid) {
      this.delete(info.key);
      this.#enter(this.#fresh(info));
      return info;
    }
    known.info = info;
    if (this.#active.has(info.key)) this.#active.push(known);
    else if (this.#gated.has(info.key)) {
      if (!isGated(pod)) this.#enter(known);
    } else if (this.#unschedulable.has(info.key) && (!before || changesScheduling(before, pod))) {
      this.#wake(known);
    }
    return info;
  }

  delete(key: string): void {
    this.#active.delete(key);
    this.#backoff.delete(key);
    this.#erring.delete(key);
    this.#unschedulable.delete(key);
    this.#gated.delete(key);
  }

  /** Keeps a rejected pod where it is until `release`: room is being made for it. */
  hold(key: string): void {
    this.#held.set(key, { woken: false });
  }

  /** Ends `hold`; `wake`: whether the pod is to be tried again in any case. */
  release(key: string, wake: boolean): void {
    const held = this.#held.get(key);
    this.#held.delete(key);
    const queued = this.#unschedulable.get(key);
    if (queued !== undefined && (wake || held?.woken === true)) this.#wake(queued);
  }

  /**
   * The pod to try next: by priority, then by age. When none is ready, one whose back-off has not
   * ended is taken early, unless errors put it there (KEP-5142).
   */
  pop(): QueuedPod | undefined {
    return this.#active.pop() ?? this.#backoff.pop();
  }

  /** No node would do: it waits for an event that could cure what rejected it. */
  reject(queued: QueuedPod, rejectedBy: ReadonlySet<string>): void {
    queued.rejections++;
    queued.errors = 0;
    queued.lastAttemptMs = this.#clock.nowMs();
    queued.rejectedBy = rejectedBy;
    this.#unschedulable.set(queued.info.key, queued);
    this.#startFlushing();
  }

  /** Something went wrong: it is tried again after its back-off. */
  fail(queued: QueuedPod): void {
    queued.errors++;
    queued.lastAttemptMs = this.#clock.nowMs();
    queued.rejectedBy = new Set();
    this.#erring.push(queued);
    this.#startTimer();
  }

  /** Something happened in the cluster: pods that it may help are tried again. */
  move(event: ClusterEvent): void {
    const cured = this.#cures.get(event);
    for (const queued of [...this.#unschedulable.values()]) {
      const { rejectedBy } = queued;
      const helps =
        rejectedBy.size === 0 || (cured !== undefined && [...rejectedBy].some((n) => cured.has(n)));
      if (helps) this.#wake(queued);
    }
  }

  /** Tries a rejected pod again, whatever rejected it. */
  wake(key: string): void {
    const queued = this.#unschedulable.get(key);
    if (queued !== undefined) this.#wake(queued);
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#flushTimer?.cancel();
  }

  #fresh(info: PodInfo): QueuedPod {
    return {
      info,
      readySinceMs: this.#clock.nowMs(),
      sequence: this.#sequence++,
      rejections: 0,
      errors: 0,
      lastAttemptMs: 0,
      rejectedBy: new Set(),
    };
  }

  #find(key: string): QueuedPod | undefined {
    return (
      this.#active.get(key) ??
      this.#backoff.get(key) ??
      this.#erring.get(key) ??
      this.#unschedulable.get(key) ??
      this.#gated.get(key)
    );
  }

  #enter(queued: QueuedPod): void {
    const { key, pod } = queued.info;
    this.delete(key);
    if (isGated(pod)) {
      this.#gated.set(key, queued);
      return;
    }
    queued.readySinceMs = this.#clock.nowMs();
    this.#active.push(queued);
    this.#onReady();
  }

  #wake(queued: QueuedPod): void {
    const held = this.#held.get(queued.info.key);
    if (held !== undefined) {
      held.woken = true;
      return;
    }
    if (readyAtMs(queued) <= this.#clock.nowMs()) {
      this.#enter(queued);
      return;
    }
    this.delete(queued.info.key);
    queued.readySinceMs = this.#clock.nowMs();
    this.#backoff.push(queued);
    this.#startTimer();
    this.#onReady();
  }

  #startTimer(): void {
    this.#timer?.cancel();
    const next = [this.#backoff.peek(), this.#erring.peek()].filter((each) => each !== undefined);
    if (next.length === 0 || this.#closed) return;
    const delayMs = Math.max(0, Math.min(...next.map(readyAtMs)) - this.#clock.nowMs());
    this.#timer = this.#clock.setTimeout(() => this.#endBackoffs(), delayMs);
  }

  #endBackoffs(): void {
    for (const heap of [this.#backoff, this.#erring]) {
      for (let next = heap.peek(); next !== undefined; next = heap.peek()) {
        if (readyAtMs(next) > this.#clock.nowMs()) break;
        this.#enter(next);
      }
    }
    this.#startTimer();
  }

  #startFlushing(): void {
    if (this.#closed) return;
    this.#flushTimer ??= this.#clock.setTimeout(() => {
      this.#flushTimer = undefined;
      const nowMs = this.#clock.nowMs();
      for (const queued of [...this.#unschedulable.values()]) {
        if (nowMs - queued.lastAttemptMs > unschedulableMaxMs) this.#wake(queued);
      }
      if (this.#unschedulable.size > 0) this.#startFlushing();
    }, flushIntervalMs);
  }
}

function keyOf({ info }: QueuedPod): string {
  return info.key;
}

function comesBefore(a: QueuedPod, b: QueuedPod): boolean {
  if (a.info.priority !== b.info.priority) return a.info.priority > b.info.priority;
  if (a.readySinceMs !== b.readySinceMs) return a.readySinceMs < b.readySinceMs;
  return a.sequence < b.sequence;
}

/** Errors have a back-off of their own, apart from the one of rejections. */
function readyAtMs({ errors, rejections, lastAttemptMs }: QueuedPod): number {
  const count = errors > 0 ? errors : rejections;
  if (count === 0) return lastAttemptMs;
  return lastAttemptMs + Math.min(backoffMaxMs, backoffInitialMs * 2 ** (count - 1));
}

function isGated(pod: Pod): boolean {
  return (pod.spec?.schedulingGates ?? []).length > 0;
}

/** Whether a pod that had no place might have one now that it has changed itself. */
function changesScheduling(before: Pod, pod: Pod): boolean {
  const relevant = ({ metadata, spec }: Pod) =>
    JSON.stringify([metadata?.labels, metadata?.annotations, metadata?.deletionTimestamp, spec]);
  return relevant(before) !== relevant(pod);
}

function curesOf(plugins: readonly Plugin[]): ReadonlyMap<ClusterEvent, ReadonlySet<string>> {
  const cures = new Map<ClusterEvent, Set<string>>();
  for (const { name, curedBy } of plugins) {
    for (const event of curedBy) cures.set(event, (cures.get(event) ?? new Set()).add(name));
  }
  return cures;
}
