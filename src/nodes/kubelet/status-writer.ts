// Writes pod statuses to the API: only what changed, one write a pod at a time, newest wins.
import type { Client } from '../../client/client.ts';
import { pods } from '../../client/resource-ref.ts';
import { type Clock, sleep } from '../../clock.ts';
import { type Logger, silentLogger } from '../../logger.ts';
import type { Pod, PodStatus } from '../../objects.ts';
import { isReason } from '../../status.ts';
import { canonical } from './canonical.ts';
import { identityOf, type PodIdentity } from './pod.ts';

/** Where a pod's worker puts what it found. */
export interface StatusSink {
  /** The status last put for `uid`, newer than what the pod source may show. */
  get(uid: string): PodStatus | undefined;
  set(pod: Pod, status: PodStatus): void;
  /** Takes the pod out of the API once its last status is written. Resolves when it is gone. */
  finish(pod: Pod, signal: AbortSignal): Promise<void>;
  forget(uid: string): void;
}

interface Entry {
  readonly identity: PodIdentity;
  wanted: PodStatus;
  text: string;
  /** What the API has, as far as is known. */
  base: PodStatus;
  dirty: boolean;
  writing: Promise<void> | undefined;
}

const retryMs = 1_000;
const retryMaxMs = 30_000;

/** The sink that patches `pods/status`. */
export class StatusWriter implements StatusSink {
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #entries = new Map<string, Entry>();
  readonly #closed = new AbortController();

  constructor(options: {
    readonly client: Client;
    readonly clock: Clock;
    readonly logger?: Logger;
  }) {
    this.#client = options.client;
    this.#clock = options.clock;
    this.#logger = options.logger ?? silentLogger;
  }

  get(uid: string): PodStatus | undefined {
    return this.#entries.get(uid)?.wanted;
  }

  set(pod: Pod, status: PodStatus): void {
    const identity = identityOf(pod);
    const text = JSON.stringify(status);
    let entry = this.#entries.get(identity.uid);
    if (entry === undefined) {
      const base = pod.status ?? {};
      entry = { identity, wanted: base, text: '', base, dirty: false, writing: undefined };
      this.#entries.set(identity.uid, entry);
    }
    if (entry.text === text) return;
    entry.wanted = status;
    entry.text = text;
    entry.dirty = true;
    entry.writing ??= this.#write(entry);
  }

  async finish(pod: Pod, signal: AbortSignal): Promise<void> {
    const { uid, namespace, name } = identityOf(pod);
    let delayMs = retryMs;
    while (!signal.aborted) {
      await this.#entries.get(uid)?.writing;
      try {
        await this.#client.delete(pods, namespace, name, { uid, gracePeriodSeconds: 0 });
        return;
      } catch (error) {
        // NotFound: gone; Conflict: another pod has the name now.
        if (isReason(error, 'NotFound') || isReason(error, 'Conflict')) return;
        this.#logger.debug('cannot delete pod', { namespace, name, error: String(error) });
      }
      await sleep(this.#clock, delayMs, signal);
      delayMs = Math.min(delayMs * 2, retryMaxMs);
    }
  }

  forget(uid: string): void {
    const entry = this.#entries.get(uid);
    if (entry !== undefined) entry.dirty = false;
    this.#entries.delete(uid);
  }

  /** Pods whose status is not written yet. */
  pending(): number {
    let pending = 0;
    for (const { writing } of this.#entries.values()) if (writing !== undefined) pending++;
    return pending;
  }

  close(): void {
    this.#closed.abort();
  }

  async #write(entry: Entry): Promise<void> {
    const { uid, namespace, name } = entry.identity;
    const { signal } = this.#closed;
    let delayMs = retryMs;
    while (entry.dirty && !signal.aborted) {
      entry.dirty = false;
      const { wanted } = entry;
      const status = statusPatch(entry.base, wanted);
      if (Object.keys(status).length === 0) continue;
      const patch = { metadata: { uid }, status };
      try {
        await this.#client.patch(pods, namespace, name, 'strategic', patch, {
          subresource: 'status',
        });
        entry.base = wanted;
        delayMs = retryMs;
      } catch (error) {
        if (isReason(error, 'NotFound') || isReason(error, 'Conflict')) break;
        this.#logger.debug('cannot write status', { namespace, name, error: String(error) });
        entry.dirty = true;
        await sleep(this.#clock, delayMs, signal);
        delayMs = Math.min(delayMs * 2, retryMaxMs);
      }
    }
    entry.writing = undefined;
  }
}

/** The strategic merge patch from `base` to `wanted`; conditions of others are left alone. */
export function statusPatch(base: PodStatus, wanted: PodStatus): Record<string, unknown> {
  const patch: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(wanted)) {
    const before = base[key as keyof PodStatus];
    if (canonical(before) === canonical(value)) continue;
    if (key === 'conditions') {
      patch[key] = conditionsPatch(base.conditions ?? [], wanted.conditions ?? []);
      continue;
    }
    // These lists merge by address; an address that is gone must go.
    const replaces = (key === 'podIPs' || key === 'hostIPs') && before !== undefined;
    patch[key] = replaces ? [{ $patch: 'replace' }, ...(value as unknown[])] : value;
  }
  for (const key of ['message', 'reason'] as const) {
    if (base[key] !== undefined && wanted[key] === undefined) patch[key] = null;
  }
  return patch;
}

type Conditions = NonNullable<PodStatus['conditions']>;

/** Only what changed, merged by type: a reason or message that is no longer there must be taken away. */
function conditionsPatch(base: Conditions, wanted: Conditions): unknown[] {
  const changed: unknown[] = [];
  for (const condition of wanted) {
    const before = base.find(({ type }) => type === condition.type);
    if (canonical(before) === canonical(condition)) continue;
    const gone = Object.keys(before ?? {}).filter((key) => !(key in condition));
    changed.push({ ...condition, ...Object.fromEntries(gone.map((key) => [key, null])) });
  }
  return changed;
}
