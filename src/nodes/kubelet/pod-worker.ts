// One pod on this node: a serial worker that drives it through sync, terminating and terminated.
import type { Timer } from '../../clock.ts';
import { sleep } from '../../clock.ts';
import type { Pod } from '../../objects.ts';
import type { MountedVolumes } from '../volumes/pod-volumes.ts';
import { VolumeError } from '../volumes/pod-volumes.ts';
import { startContainer, unlessAborted } from './container-start.ts';
import type { WaitReason } from './container-status.ts';
import { stopAll, stopContainer } from './container-stop.ts';
import type { KubeletContext } from './context.ts';
import { ContainerStartError } from './images.ts';
import { type PlannedStop, type PodPlan, planPod } from './plan.ts';
import { formatPod, gracePeriodSeconds, identityOf, isTerminal } from './pod.ts';
import { reclaimPod, removePod } from './pod-cleanup.ts';
import { createSandbox, killSandboxes } from './pod-sandbox.ts';
import { isAnyRunning } from './pod-state.ts';
import { podStatus } from './pod-status.ts';
import { podCgroupResources, qosClassOf } from './resources.ts';

export type WorkerPhase = 'sync' | 'terminating' | 'terminated' | 'finished';

const retryMinMs = 500;
const retryMaxMs = 10_000;
const resyncMs = 60_000;

const noVolumes: MountedVolumes = new Map();

/** Level-triggered: `update` and `wake` only say that it should look again. */
export class PodWorker {
  readonly uid: string;
  readonly #context: KubeletContext;
  readonly #onFinished: (uid: string) => void;
  readonly #waiting = new Map<string, WaitReason>();
  readonly #stopped = new AbortController();
  #pod: Pod;
  #phase: WorkerPhase = 'sync';
  /** The pod has left the API by itself: nothing is written any more. */
  #orphaned = false;
  #failure: WaitReason | undefined;
  #admitted = false;
  #volumes: MountedVolumes | undefined;
  #volumesAtMs = 0;
  #volumesStale = true;
  #running = false;
  #dirty = false;
  #retryMs = retryMinMs;
  #timer: Timer | undefined;
  #timerAtMs = Number.POSITIVE_INFINITY;
  /** Ends long waits of a sync when the pod is to terminate. */
  #syncing = new AbortController();
  /** Ends waits of a termination whose grace has been cut. */
  #stopping = new AbortController();
  #stopGraceSeconds = Number.POSITIVE_INFINITY;

  constructor(context: KubeletContext, pod: Pod, onFinished: (uid: string) => void) {
    this.uid = identityOf(pod).uid;
    this.#context = context;
    this.#pod = pod;
    this.#onFinished = onFinished;
  }

  get phase(): WorkerPhase {
    return this.#phase;
  }

  /** The pod with the newest status that this node has found for it. */
  get pod(): Pod {
    const status = this.#context.statuses.get(this.uid);
    if (status === undefined) return this.#pod;
    // Conditions of others come with the pod; ours are newest in what we wrote.
    const ours = new Set((status.conditions ?? []).map(({ type }) => type));
    const others = (this.#pod.status?.conditions ?? []).filter(({ type }) => !ours.has(type));
    const kept = (status.conditions ?? []).map((condition) =>
      isOurs(condition.type)
        ? condition
        : (this.#pod.status?.conditions?.find(({ type }) => type === condition.type) ?? condition),
    );
    return { ...this.#pod, status: { ...status, conditions: [...kept, ...others] } };
  }

  /** Whether it holds resources of the node. */
  get isActive(): boolean {
    return this.#phase === 'sync' || this.#phase === 'terminating';
  }

  update(pod: Pod): void {
    this.#pod = pod;
    this.#noticeDeletion();
    this.wake();
  }

  /** The API no longer has the pod. */
  orphan(): void {
    this.#orphaned = true;
    this.#noticeDeletion();
    this.wake();
  }

  /** Volumes are looked at again too: something that they show may have changed. */
  refreshVolumes(): void {
    this.#volumesStale = true;
    this.wake();
  }

  wake(): void {
    this.#dirty = true;
    if (this.#running || this.#phase === 'finished' || this.#stopped.signal.aborted) return;
    this.#running = true;
    void this.#run();
  }

  /** Stops working, leaving everything as it is: the agent ends, the pod does not. */
  stop(): void {
    this.#stopped.abort();
    this.#syncing.abort();
    this.#stopping.abort();
    this.#timer?.cancel();
  }

  async #run(): Promise<void> {
    while (this.#dirty && this.#phase !== 'finished' && !this.#stopped.signal.aborted) {
      this.#dirty = false;
      try {
        await this.#step();
        this.#retryMs = retryMinMs;
      } catch (error) {
        if (this.#stopped.signal.aborted) break;
        this.#context.logger.debug('cannot sync pod', {
          pod: formatPod(this.#pod),
          error: error instanceof Error ? error.message : String(error),
        });
        this.#wakeIn(this.#retryMs);
        this.#retryMs = Math.min(this.#retryMs * 2, retryMaxMs);
      }
    }
    this.#running = false;
  }

  async #step(): Promise<void> {
    if (this.#phase === 'sync' && (this.#isToEnd() || isTerminal(this.pod))) {
      this.#phase = 'terminating';
    }
    if (this.#phase === 'sync') {
      this.#syncing = new AbortController();
      await this.#sync(this.#syncing.signal);
    } else if (this.#phase === 'terminating') {
      await this.#terminate();
    } else if (this.#phase === 'terminated') {
      await this.#finish();
    }
  }

  #isToEnd(): boolean {
    return (
      this.#orphaned || this.#failure !== undefined || this.#pod.metadata?.deletionTimestamp != null
    );
  }

  #noticeDeletion(): void {
    if (!this.#isToEnd()) return;
    this.#syncing.abort();
    if (this.#phase === 'terminating' && this.#grace() < this.#stopGraceSeconds) {
      this.#stopping.abort();
    }
  }

  #grace(): number {
    if (this.#pod.metadata?.deletionTimestamp != null || this.#orphaned) {
      return Math.max(1, gracePeriodSeconds(this.#pod));
    }
    return this.#pod.spec?.terminationGracePeriodSeconds ?? 30;
  }

  #fail(reason: string, message: string): void {
    this.#failure = { reason, message };
    this.#phase = 'terminating';
    this.#dirty = true;
  }

  async #sync(signal: AbortSignal): Promise<void> {
    const { context, pod } = { context: this.#context, pod: this.pod };
    if (!(await this.#admit(pod, signal)) || this.#isPastDeadline(pod)) return;
    let state = context.cache.get(this.uid);
    context.prober.sync(pod, state, this.#probeAddress(pod));
    if (this.#publish(false) !== 'going on') return;
    await this.#prepare(pod, signal);
    if (signal.aborted) return;
    const plan = planPod(pod, state, context.prober);
    if (isIdle(plan)) {
      this.#wakeIn(this.#resyncDelay());
      return;
    }
    await this.#execute(pod, plan, signal);
    state = await context.cache.refresh(this.uid);
    context.prober.sync(pod, state, this.#probeAddress(pod));
    this.#publish(false);
    // Whatever was done may allow the next thing (init containers, sidecars): look again.
    if (this.#waiting.size === 0) this.#dirty = true;
  }

  async #admit(pod: Pod, signal: AbortSignal): Promise<boolean> {
    if (this.#admitted) return true;
    // What already runs here was admitted before the agent was restarted.
    const known = isAnyRunning(this.#context.cache.get(this.uid));
    const refusal = known ? undefined : await this.#context.admit(pod);
    if (signal.aborted) return false;
    if (refusal === undefined) {
      this.#admitted = true;
      return true;
    }
    this.#context.events.pod(pod, 'Warning', refusal.reason, refusal.message);
    this.#fail(refusal.reason, `Pod was rejected: ${refusal.message}`);
    return false;
  }

  #isPastDeadline(pod: Pod): boolean {
    const seconds = pod.spec?.activeDeadlineSeconds;
    const started = pod.status?.startTime;
    if (seconds === undefined || started === undefined) return false;
    const leftMs = Date.parse(started) + seconds * 1000 - this.#context.clock.nowMs();
    if (leftMs > 0) {
      this.#wakeIn(leftMs);
      return false;
    }
    const message = 'Pod was active on the node longer than the specified deadline';
    this.#context.events.pod(pod, 'Normal', 'DeadlineExceeded', message);
    this.#fail('DeadlineExceeded', message);
    return true;
  }

  /** The cgroup and the volumes: both before any container. */
  async #prepare(pod: Pod, signal: AbortSignal): Promise<void> {
    const { cgroups, volumes, events, clock } = this.#context;
    if (this.#volumes !== undefined && !this.#volumesStale && !this.#refreshDue()) return;
    this.#volumesStale = false;
    await cgroups?.ensurePod(this.uid, qosClassOf(pod), podCgroupResources(pod));
    if (volumes === undefined) {
      this.#volumes = noVolumes;
      return;
    }
    try {
      this.#volumes = await unlessAborted(volumes.setUp(pod), signal);
      this.#volumesAtMs = clock.nowMs();
    } catch (error) {
      if (!(error instanceof VolumeError)) throw error;
      for (const line of error.message.split('\n')) events.pod(pod, 'Warning', 'FailedMount', line);
      // Containers that run go on; only new ones need what is missing.
      if (!isAnyRunning(this.#context.cache.get(this.uid))) throw error;
      this.#volumes ??= noVolumes;
      this.#volumesStale = true;
      this.#wakeIn(retryMaxMs);
    }
  }

  #refreshDue(): boolean {
    const nowMs = this.#context.clock.nowMs();
    if (nowMs - this.#volumesAtMs >= resyncMs && (this.#volumes?.size ?? 0) > 0) return true;
    for (const { refreshAtMs } of this.#volumes?.values() ?? []) {
      if (refreshAtMs !== undefined && refreshAtMs <= nowMs) return true;
    }
    return false;
  }

  #resyncDelay(): number {
    return resyncMs * (1 + this.#context.random.next() / 2);
  }

  async #execute(pod: Pod, plan: PodPlan, signal: AbortSignal): Promise<void> {
    const { context } = { context: this.#context };
    let { sandbox } = plan;
    if (plan.killPod) {
      const state = context.cache.get(this.uid);
      if (plan.createSandbox && state.sandboxes.length > 0) {
        const message = 'Pod sandbox changed, it will be killed and re-created.';
        context.events.pod(pod, 'Normal', 'SandboxChanged', message);
      }
      await stopAll(context, pod, state, { graceSeconds: this.#grace(), signal });
      await killSandboxes(context, this.uid);
      if (!plan.createSandbox) return this.#afterKill();
    }
    if (plan.createSandbox) sandbox = await createSandbox(context, pod, plan.attempt, signal);
    for (const stop of plan.stop) await this.#stopOne(pod, stop, signal);
    if (sandbox === undefined) return;
    const volumes = this.#volumes ?? noVolumes;
    for (const container of plan.start) {
      if (signal.aborted) return;
      const { name } = container.spec;
      try {
        const state = context.cache.get(this.uid);
        await startContainer(context, pod, container, { state, sandbox, volumes, signal });
        this.#waiting.delete(name);
      } catch (error) {
        if (!(error instanceof ContainerStartError)) throw error;
        this.#waiting.set(name, { reason: error.reason, message: error.message });
        const retryAtMs = error.retryAtMs ?? context.clock.nowMs() + retryMaxMs;
        this.#wakeIn(retryAtMs - context.clock.nowMs());
      }
    }
  }

  /** Everything is stopped and nothing will start again: the status says how it went. */
  #afterKill(): void {
    this.#phase = 'terminating';
    this.#dirty = true;
  }

  async #stopOne(pod: Pod, stop: PlannedStop, signal: AbortSignal): Promise<void> {
    const { spec } = stop.container;
    const probe = stop.reason === 'startup' ? spec.startupProbe : spec.livenessProbe;
    const own = pod.spec?.terminationGracePeriodSeconds ?? 30;
    const probed = stop.reason === 'startup' || stop.reason === 'liveness';
    const graceSeconds = (probed ? probe?.terminationGracePeriodSeconds : undefined) ?? own;
    const options = { graceSeconds, message: stop.message, signal };
    await stopContainer(this.#context, pod, stop.container, stop.instance, options);
    await this.#context.cache.refresh(this.uid);
  }

  async #terminate(): Promise<void> {
    const context = this.#context;
    context.prober.stopKilling(this.uid);
    this.#waiting.clear();
    // What a sync was still making when it was told to stop belongs to the pod too.
    let state = await context.cache.refresh(this.uid);
    this.#publish(true);
    while (state.containers.some((each) => each.state === 'running')) {
      this.#stopping = new AbortController();
      const { signal } = this.#stopping;
      this.#stopGraceSeconds = this.#grace();
      const options = { graceSeconds: this.#stopGraceSeconds, signal };
      const stopping = stopAll(context, this.pod, state, options);
      stopping.catch(() => undefined);
      await Promise.race([stopping, sleep(context.clock, 2 ** 31 - 1, signal)]);
      if (this.#stopped.signal.aborted) return;
      state = await context.cache.refresh(this.uid);
    }
    await killSandboxes(context, this.uid);
    await context.cache.refresh(this.uid);
    context.prober.forget(this.uid);
    this.#phase = 'terminated';
    this.#publish(true);
    await this.#finish();
  }

  async #finish(): Promise<void> {
    const context = this.#context;
    await reclaimPod(context, this.uid);
    if (!this.#orphaned && this.#pod.metadata?.deletionTimestamp == null) return;
    await removePod(context, this.pod);
    if (!this.#orphaned) await context.statuses.finish(this.#pod, this.#stopped.signal);
    if (this.#stopped.signal.aborted) return;
    context.statuses.forget(this.uid);
    context.images.forget(this.uid);
    context.restarts.forget(`${this.uid}_`);
    this.#timer?.cancel();
    this.#phase = 'finished';
    this.#onFinished(this.uid);
  }

  /** Computes and hands on the status; a terminal phase ends the sync. */
  #publish(terminal: boolean): 'going on' | 'over' {
    if (this.#orphaned) return 'going on';
    const { context, pod } = { context: this.#context, pod: this.pod };
    const status = podStatus({
      pod,
      state: context.cache.get(this.uid),
      probes: context.prober,
      waiting: this.#waiting,
      nowMs: context.clock.nowMs(),
      runtimeName: context.runtimeName,
      nodeAddresses: context.nodeAddresses(),
      terminal,
      finished: this.#phase === 'terminated',
      ...(this.#failure === undefined ? {} : { failure: this.#failure }),
    });
    if (!terminal && (status.phase === 'Succeeded' || status.phase === 'Failed')) {
      // Told only when all is stopped, as upstream does: sidecars may still run.
      this.#phase = 'terminating';
      this.#dirty = true;
      return 'over';
    }
    context.statuses.set(pod, status);
    return 'going on';
  }

  #probeAddress(pod: Pod): string {
    const [sandbox] = this.#context.cache.get(this.uid).sandboxes;
    const own = pod.spec?.hostNetwork === true ? undefined : sandbox?.ips[0];
    return own ?? this.#context.nodeAddresses()[0] ?? '127.0.0.1';
  }

  /** Only the earliest of several wishes counts: whoever wakes makes its own again. */
  #wakeIn(delayMs: number): void {
    const { clock } = this.#context;
    const atMs = clock.nowMs() + Math.max(0, delayMs);
    if (atMs >= this.#timerAtMs) return;
    this.#timer?.cancel();
    this.#timerAtMs = atMs;
    this.#timer = clock.setTimeout(() => {
      this.#timerAtMs = Number.POSITIVE_INFINITY;
      this.wake();
    }, atMs - clock.nowMs());
  }
}

function isIdle(plan: PodPlan): boolean {
  return !plan.killPod && !plan.createSandbox && plan.stop.length === 0 && plan.start.length === 0;
}

const ownConditions = new Set([
  'PodReadyToStartContainers',
  'Initialized',
  'Ready',
  'ContainersReady',
  'PodScheduled',
]);

function isOurs(type: string): boolean {
  return ownConditions.has(type);
}
