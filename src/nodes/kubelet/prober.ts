// Startup, liveness and readiness probes of running containers, one timer each.
import type { Clock, Timer } from '../../clock.ts';
import type { Pod } from '../../objects.ts';
import type { KubeletEvents } from './events.ts';
import type { Probe, ProbeRunner } from './handlers.ts';
import { containersOf, identityOf, type PodContainer } from './pod.ts';
import { latestContainer, type PodState, type ProbeResults } from './pod-state.ts';

type Kind = 'startup' | 'liveness' | 'readiness';

const kinds = [
  ['startup', 'startupProbe'],
  ['liveness', 'livenessProbe'],
  ['readiness', 'readinessProbe'],
] as const;

interface Worker {
  readonly kind: Kind;
  readonly probe: Probe;
  pod: Pod;
  readonly container: PodContainer;
  readonly containerId: string;
  address: string;
  /** The verdict after thresholds; undefined until there is one. */
  result: boolean | undefined;
  last: boolean | undefined;
  run: number;
  timer: Timer | undefined;
  /** Its verdict stands until the container is replaced. */
  held: boolean;
}

export interface ProberOptions {
  readonly clock: Clock;
  readonly runner: ProbeRunner;
  readonly events: KubeletEvents;
  /** A verdict changed: the pod's worker must look at once. */
  readonly onResult: (uid: string) => void;
}

/** The probes of one node. */
export class Prober implements ProbeResults {
  readonly #options: ProberOptions;
  /** By container id, then by kind. */
  readonly #workers = new Map<string, Map<Kind, Worker>>();
  readonly #byPod = new Map<string, Set<string>>();

  constructor(options: ProberOptions) {
    this.#options = options;
  }

  started(containerId: string): boolean {
    return this.#workers.get(containerId)?.get('startup')?.result === true;
  }

  ready(containerId: string): boolean {
    return this.#workers.get(containerId)?.get('readiness')?.result === true;
  }

  failed(containerId: string): 'startup' | 'liveness' | undefined {
    const workers = this.#workers.get(containerId);
    if (workers?.get('startup')?.result === false) return 'startup';
    return workers?.get('liveness')?.result === false ? 'liveness' : undefined;
  }

  /** Starts probes of containers that run, drops those of containers that do not. */
  sync(pod: Pod, state: PodState, address: string): void {
    const { uid } = identityOf(pod);
    const alive = new Set<string>();
    for (const container of containersOf(pod)) {
      if (container.role === 'init' || container.role === 'ephemeral') continue;
      const instance = latestContainer(state, container.spec.name);
      if (instance?.state !== 'running') continue;
      for (const [kind, field] of kinds) {
        const probe = container.spec[field];
        if (probe === undefined) continue;
        alive.add(instance.id);
        const known = this.#workers.get(instance.id)?.get(kind);
        if (known !== undefined) {
          known.pod = pod;
          known.address = address;
          continue;
        }
        this.#add(uid, {
          kind,
          probe,
          pod,
          container,
          containerId: instance.id,
          address,
          result: initialResult(kind, pod, container, instance.id),
          last: undefined,
          run: 0,
          timer: undefined,
          held: false,
        });
        this.#schedule(
          instance.id,
          kind,
          instance.startedAtMs + (probe.initialDelaySeconds ?? 0) * 1000,
        );
      }
    }
    for (const id of [...(this.#byPod.get(uid) ?? [])]) if (!alive.has(id)) this.#drop(uid, id);
  }

  /** A pod that ends is no longer killed by probes; readiness goes on being told. */
  stopKilling(uid: string): void {
    for (const id of this.#byPod.get(uid) ?? []) {
      const workers = this.#workers.get(id);
      for (const kind of ['startup', 'liveness'] as const) {
        const worker = workers?.get(kind);
        worker?.timer?.cancel();
        if (worker !== undefined) worker.held = true;
      }
    }
  }

  forget(uid: string): void {
    for (const id of [...(this.#byPod.get(uid) ?? [])]) this.#drop(uid, id);
  }

  close(): void {
    for (const uid of [...this.#byPod.keys()]) this.forget(uid);
  }

  #add(uid: string, worker: Worker): void {
    const workers = this.#workers.get(worker.containerId) ?? new Map<Kind, Worker>();
    workers.set(worker.kind, worker);
    this.#workers.set(worker.containerId, workers);
    const ids = this.#byPod.get(uid) ?? new Set<string>();
    ids.add(worker.containerId);
    this.#byPod.set(uid, ids);
  }

  #drop(uid: string, containerId: string): void {
    for (const worker of this.#workers.get(containerId)?.values() ?? []) {
      worker.timer?.cancel();
      worker.held = true;
    }
    this.#workers.delete(containerId);
    const ids = this.#byPod.get(uid);
    ids?.delete(containerId);
    if (ids?.size === 0) this.#byPod.delete(uid);
  }

  #schedule(containerId: string, kind: Kind, atMs: number): void {
    const worker = this.#workers.get(containerId)?.get(kind);
    if (worker === undefined || worker.held) return;
    const { clock } = this.#options;
    worker.timer?.cancel();
    worker.timer = clock.setTimeout(
      () => void this.#probe(worker),
      Math.max(0, atMs - clock.nowMs()),
    );
  }

  async #probe(worker: Worker): Promise<void> {
    const { clock, runner } = this.#options;
    const { kind, probe, containerId } = worker;
    const startedMs = clock.nowMs();
    const again = () =>
      this.#schedule(containerId, kind, startedMs + (probe.periodSeconds ?? 10) * 1000);
    if (worker.held) return;
    const waits = worker.container.spec.startupProbe !== undefined && kind !== 'startup';
    if (waits && !this.started(containerId)) return again();
    let ok = false;
    let output = '';
    try {
      const outcome = await runner.run(kind, probe, {
        pod: worker.pod,
        container: worker.container.spec,
        containerId,
        address: worker.address,
      });
      ({ ok, output } = outcome);
    } catch (error) {
      output = error instanceof Error ? error.message : String(error);
    }
    if (worker.held || this.#workers.get(containerId)?.get(kind) !== worker) return;
    this.#take(worker, ok, output);
    again();
  }

  #take(worker: Worker, ok: boolean, output: string): void {
    const { events, onResult } = this.#options;
    const { kind, probe } = worker;
    if (!ok) {
      const title = kind.charAt(0).toUpperCase() + kind.slice(1);
      const message = `${title} probe failed: ${output}`;
      events.pod(worker.pod, 'Warning', 'Unhealthy', message, worker.container);
    }
    worker.run = worker.last === ok ? worker.run + 1 : 1;
    worker.last = ok;
    const threshold = ok ? (probe.successThreshold ?? 1) : (probe.failureThreshold ?? 3);
    if (worker.run < threshold) return;
    const before = worker.result;
    worker.result = ok;
    // A container to be killed, or one that has started, needs no more of this probe.
    if ((kind !== 'readiness' && !ok) || (kind === 'startup' && ok)) {
      worker.held = true;
      worker.timer?.cancel();
    }
    if (before === ok) return;
    onResult(identityOf(worker.pod).uid);
    if (kind === 'startup' && ok) this.#wakeOthers(worker);
  }

  /** Once started, liveness and readiness need not wait out their period. */
  #wakeOthers({ containerId }: Worker): void {
    const nowMs = this.#options.clock.nowMs();
    this.#schedule(containerId, 'liveness', nowMs);
    this.#schedule(containerId, 'readiness', nowMs);
  }
}

/** What the API said of this very container before the agent was restarted goes on to hold. */
function initialResult(
  kind: Kind,
  pod: Pod,
  container: PodContainer,
  containerId: string,
): boolean | undefined {
  if (kind === 'liveness') return true;
  const statuses = [
    ...(pod.status?.containerStatuses ?? []),
    ...(pod.status?.initContainerStatuses ?? []),
  ];
  const old = statuses.find(({ name }) => name === container.spec.name);
  const same = old?.containerID?.endsWith(`://${containerId}`) === true;
  if (kind === 'startup') return same && old.started === true ? true : undefined;
  return same && old.ready;
}
