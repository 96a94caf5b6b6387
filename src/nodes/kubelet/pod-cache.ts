// The runtime's real state per pod, kept current by events, by workers and by a relist.
import type { Clock } from '../../clock.ts';
import { sleep } from '../../clock.ts';
import type { Logger } from '../../logger.ts';
import type { ContainerDetails, ContainerSummary, Runtime, Sandbox } from '../runtime.ts';
import { RuntimeNotFoundError } from '../runtime.ts';
import { podUidLabel } from './labels.ts';
import { emptyPodState, type PodState, podState } from './pod-state.ts';

interface Entry {
  state: PodState;
  /** Ids known to belong to the pod, with the relist during which each was learned. */
  readonly sandboxes: Map<string, number>;
  readonly containers: Map<string, number>;
  /** Refreshes of one pod run one after another, so that no older answer wins. */
  refreshing: Promise<PodState>;
  /** A refresh that has not begun serves all who ask meanwhile. */
  queued: Promise<PodState> | undefined;
}

export interface PodCacheOptions {
  readonly runtime: Runtime;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Time between two relists; the relist is the truth, events only shorten the wait. */
  readonly relistMs: number;
  /** The termination message of a container that has just ended. */
  readonly messageOf?: (container: ContainerDetails) => Promise<string>;
}

/** What there really is; `onChange` names each pod whose state is not what it was. */
export class PodCache {
  readonly #options: PodCacheOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #messages = new Map<string, string>();
  #onChange: (uid: string) => void = () => {};
  #relists = 0;
  #lastRelistMs = 0;

  constructor(options: PodCacheOptions) {
    this.#options = options;
  }

  /** Who is told of changes. */
  onChange(callback: (uid: string) => void): void {
    this.#onChange = callback;
  }

  get(uid: string): PodState {
    return this.#entries.get(uid)?.state ?? emptyPodState;
  }

  /** Every pod of which the runtime has something. */
  uids(): readonly string[] {
    return [...this.#entries].filter(([, entry]) => isPresent(entry.state)).map(([uid]) => uid);
  }

  /** What the containers that there are were made from, as their statuses name it. */
  imagesInUse(): ReadonlySet<string> {
    const images = new Set<string>();
    for (const { state } of this.#entries.values()) {
      for (const { imageId } of state.containers) images.add(imageId);
    }
    return images;
  }

  /** Whether a relist has succeeded within `withinMs`: else the node is not ready. */
  isHealthy(withinMs: number): boolean {
    return this.#options.clock.nowMs() - this.#lastRelistMs <= withinMs;
  }

  noteSandbox(uid: string, id: string): void {
    this.#entry(uid).sandboxes.set(id, this.#relists);
  }

  noteContainer(uid: string, id: string): void {
    this.#entry(uid).containers.set(id, this.#relists);
  }

  /** Asks the runtime about all that is known of one pod. */
  refresh(uid: string): Promise<PodState> {
    const entry = this.#entry(uid);
    if (entry.queued !== undefined) return entry.queued;
    const next = entry.refreshing.then(() => {
      entry.queued = undefined;
      return this.#load(uid, entry);
    });
    entry.queued = next;
    entry.refreshing = next.catch(() => entry.state);
    return next;
  }

  /** Runs until `signal` aborts: an initial relist, then events and periodic relists. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, logger, relistMs, runtime } = this.#options;
    void this.#watch(runtime, signal);
    while (!signal.aborted) {
      try {
        await this.relist();
      } catch (error) {
        logger.warn('cannot list pods of the runtime', { error: String(error) });
      }
      await sleep(clock, relistMs, signal);
    }
  }

  /** Compares all that the runtime has with what is known and refreshes what differs. */
  async relist(): Promise<void> {
    const { runtime, clock } = this.#options;
    const generation = this.#relists;
    this.#relists++;
    const [sandboxes, containers] = await Promise.all([
      runtime.listSandboxes(),
      runtime.listContainers(),
    ]);
    this.#lastRelistMs = clock.nowMs();
    const changed = new Set<string>();
    const seen = new Set<string>();
    const owners = new Map<string, string>();
    for (const sandbox of sandboxes) {
      seen.add(sandbox.id);
      owners.set(sandbox.id, sandbox.podUid);
      const entry = this.#entry(sandbox.podUid);
      const before = entry.state.sandboxes.find(({ id }) => id === sandbox.id);
      entry.sandboxes.set(sandbox.id, generation);
      if (before?.ready !== sandbox.ready) changed.add(sandbox.podUid);
    }
    for (const container of containers) {
      seen.add(container.id);
      const uid = container.labels[podUidLabel] ?? owners.get(container.sandboxId);
      if (uid === undefined) continue;
      const entry = this.#entry(uid);
      const before = entry.state.containers.find(({ id }) => id === container.id);
      entry.containers.set(container.id, generation);
      if (before?.state !== container.state) changed.add(uid);
    }
    for (const [uid, entry] of this.#entries) {
      if (dropAbsent(entry.sandboxes, seen, generation)) changed.add(uid);
      if (dropAbsent(entry.containers, seen, generation)) changed.add(uid);
    }
    await Promise.all([...changed].map((uid) => this.refresh(uid)));
  }

  /** Drops pods of which nothing is left. */
  prune(isKnown: (uid: string) => boolean): void {
    for (const [uid, entry] of this.#entries) {
      if (!isKnown(uid) && !isPresent(entry.state) && entry.sandboxes.size === 0) {
        this.#entries.delete(uid);
      }
    }
    const alive = new Set<string>();
    for (const entry of this.#entries.values()) {
      for (const id of entry.containers.keys()) alive.add(id);
    }
    for (const id of this.#messages.keys()) if (!alive.has(id)) this.#messages.delete(id);
  }

  async #watch(runtime: Runtime, signal: AbortSignal): Promise<void> {
    const { clock, logger, relistMs } = this.#options;
    while (!signal.aborted) {
      try {
        await runtime.watchEvents(({ podUid, containerId }) => {
          const uid = podUid ?? this.#ownerOf(containerId);
          if (uid !== undefined && this.#entries.has(uid)) this.#refreshQuietly(uid);
        }, signal);
      } catch (error) {
        logger.debug('runtime events ended', { error: String(error) });
      }
      await sleep(clock, relistMs, signal);
    }
  }

  #refreshQuietly(uid: string): void {
    const { logger } = this.#options;
    this.refresh(uid).catch((error: unknown) => {
      logger.debug('cannot refresh a pod', { uid, error: String(error) });
    });
  }

  #ownerOf(containerId: string | undefined): string | undefined {
    if (containerId === undefined) return undefined;
    for (const [uid, entry] of this.#entries) if (entry.containers.has(containerId)) return uid;
    return undefined;
  }

  #entry(uid: string): Entry {
    let entry = this.#entries.get(uid);
    if (entry === undefined) {
      entry = {
        state: emptyPodState,
        sandboxes: new Map(),
        containers: new Map(),
        refreshing: Promise.resolve(emptyPodState),
        queued: undefined,
      };
      this.#entries.set(uid, entry);
    }
    return entry;
  }

  async #load(uid: string, entry: Entry): Promise<PodState> {
    const { runtime } = this.#options;
    const [sandboxes, containers] = await Promise.all([
      presentOf(entry.sandboxes, (id) => runtime.sandboxStatus(id)),
      presentOf(entry.containers, (id) => runtime.containerStatus(id)),
    ]);
    const described = await Promise.all(containers.map((each) => this.#describe(each)));
    const next = podState(sandboxes, described);
    const same = JSON.stringify(fingerprint(next)) === JSON.stringify(fingerprint(entry.state));
    entry.state = next;
    if (!same) this.#onChange(uid);
    return next;
  }

  async #describe(container: ContainerDetails): Promise<ContainerDetails> {
    const { messageOf } = this.#options;
    if (container.state !== 'exited' || messageOf === undefined) return container;
    let message = this.#messages.get(container.id);
    if (message === undefined) {
      message = await messageOf(container);
      this.#messages.set(container.id, message);
    }
    return message === '' ? container : { ...container, message };
  }
}

async function presentOf<T>(
  ids: Map<string, number>,
  load: (id: string) => Promise<T>,
): Promise<T[]> {
  const loaded = await Promise.all(
    [...ids.keys()].map(async (id) => {
      try {
        return await load(id);
      } catch (error) {
        if (!(error instanceof RuntimeNotFoundError)) throw error;
        ids.delete(id);
        return undefined;
      }
    }),
  );
  return loaded.filter((each) => each !== undefined);
}

/** What was learned before this relist began and is not in it is gone. */
function dropAbsent(
  ids: Map<string, number>,
  seen: ReadonlySet<string>,
  generation: number,
): boolean {
  let dropped = false;
  for (const [id, learned] of ids) {
    if (learned > generation || seen.has(id)) continue;
    ids.delete(id);
    dropped = true;
  }
  return dropped;
}

function isPresent(state: PodState): boolean {
  return state.sandboxes.length > 0 || state.containers.length > 0;
}

function fingerprint(state: PodState): unknown {
  const sandboxes = state.sandboxes.map(({ id, ready, ips }: Sandbox) => [id, ready, ips]);
  const containers = state.containers.map((each: ContainerSummary) => [each.id, each.state]);
  return [sandboxes, containers];
}
