// Makes and repairs the APIServices of what this server serves itself (upstream's autoregister).
import type { Clock, Timer } from '../../clock.ts';
import { timestamp } from '../../clock.ts';
import type { Logger } from '../../logger.ts';
import type { APIService } from '../../objects.ts';
import { localCondition } from '../../registry/apiregistration/api-service.ts';
import type { FoundResource, ResourceRegistry } from '../../registry/engine/resource-registry.ts';
import {
  aggregatorGroup,
  builtinPriority,
  customPriority,
} from '../../registry/group-priorities.ts';
import type { ApiObject } from '../../registry/resource.ts';
import { isReason } from '../../status.ts';
import { serverContext } from '../server-context.ts';

/** How the label on an APIService says that it is ours: brought about once, or kept for ever. */
type Automanaged = 'onstart' | 'true';
const automanagedLabel = 'kube-aggregator.kubernetes.io/automanaged';
/** Upstream's resync interval; changes are seen at once, this is for what failed. */
const repairIntervalMs = 30_000;

interface Parts {
  readonly registry: ResourceRegistry;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class ApiServices {
  readonly #parts: Parts;
  /** Those that were there when this server came up: what earlier ones left is tidied once. */
  #atStart: ReadonlySet<string> = new Set();
  readonly #synced = new Set<string>();
  #stops: (() => void)[] = [];
  #timer: Timer | undefined;
  #running = false;
  #again = false;
  #closed = false;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Once the caches are filled: makes what is missing, removes what is no longer served. */
  async ensure(): Promise<void> {
    const found = this.#found();
    if (found === undefined) return;
    this.#atStart = new Set(this.#current(found).keys());
    await this.#pass(found);
  }

  /** Follows what is served, and what others do to the objects. */
  keep(): void {
    const found = this.#found();
    if (found === undefined || this.#closed) return;
    this.#stops = [
      this.#parts.registry.onChange(() => this.#wake()),
      found.store.cache.subscribe(() => this.#wake()),
    ];
    this.#wait();
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    for (const stop of this.#stops) stop();
  }

  #wait(): void {
    this.#timer?.cancel();
    this.#timer = this.#parts.clock.setTimeout(() => this.#wake(), repairIntervalMs);
  }

  /** One pass at a time; what changes meanwhile is looked at in the next. */
  #wake(): void {
    this.#again = true;
    if (this.#running || this.#closed) return;
    this.#running = true;
    void this.#drain().finally(() => {
      this.#running = false;
      if (!this.#closed) this.#wait();
    });
  }

  async #drain(): Promise<void> {
    while (this.#again && !this.#closed) {
      this.#again = false;
      const found = this.#found();
      if (found === undefined) return;
      try {
        await this.#pass(found);
      } catch (error) {
        if (this.#closed) return;
        this.#parts.logger.error('cannot repair APIServices', error);
      }
    }
  }

  async #pass(found: FoundResource): Promise<void> {
    const wanted = this.#wanted();
    const current = this.#current(found);
    const names = new Set([...wanted.keys(), ...current.keys()]);
    await Promise.all(
      [...names].map(async (name) => {
        await this.#sync(found, name, current.get(name), wanted.get(name));
        this.#synced.add(name);
      }),
    );
  }

  async #sync(
    found: FoundResource,
    name: string,
    current: APIService | undefined,
    wanted: APIService | undefined,
  ): Promise<void> {
    const isSynced = this.#synced.has(name);
    const action = registrationAction(current, wanted, isSynced, this.#atStart.has(name));
    const { store } = found;
    const context = (subresource = '') => serverContext(found, '', name, subresource);
    try {
      if (action === 'create') await store.create(context(), wanted as ApiObject);
      else if (action === 'delete') {
        const uid = current?.metadata?.uid;
        await store.delete(context(), uid === undefined ? {} : { preconditions: { uid } });
      } else if (action === 'update') {
        await store.update(context(), { ...current, spec: wanted?.spec } as ApiObject);
      } else if (current !== undefined) {
        const repaired = withLocalCondition(current, timestamp(this.#parts.clock));
        if (repaired !== undefined) await store.update(context('status'), repaired as ApiObject);
      }
    } catch (error) {
      // Changed meanwhile by somebody else: the change itself wakes us again.
      if (!['AlreadyExists', 'Conflict', 'NotFound'].some((reason) => isReason(error, reason))) {
        throw error;
      }
    }
  }

  #found(): FoundResource | undefined {
    return this.#parts.registry.find(aggregatorGroup, 'v1', 'apiservices');
  }

  #current(found: FoundResource): ReadonlyMap<string, APIService> {
    const { store } = found;
    const result = new Map<string, APIService>();
    for (const stored of store.cache.snapshot().range(store.prefix)) {
      const name = stored.header.name;
      result.set(name, store.present(serverContext(found, '', name), stored) as APIService);
    }
    return result;
  }

  /** One for each group-version that is served, but the aggregator's own. */
  #wanted(): ReadonlyMap<string, APIService> {
    const result = new Map<string, APIService>();
    for (const { served } of this.#parts.registry.list()) {
      const { group, version, resource } = served;
      if (group === aggregatorGroup) continue;
      const name = `${version.version}.${group}`;
      const priority = builtinPriority(group, version.version) ?? customPriority;
      result.set(name, {
        apiVersion: `${aggregatorGroup}/v1`,
        kind: 'APIService',
        metadata: {
          name,
          labels: { [automanagedLabel]: resource.custom === true ? 'true' : 'onstart' },
        },
        spec: {
          // The legacy group has an empty name, which Go leaves out.
          ...(group === '' ? {} : { group }),
          version: version.version,
          groupPriorityMinimum: priority.group,
          versionPriority: priority.version,
        },
      });
    }
    return result;
  }
}

/** What upstream's autoregister controller does about one APIService. */
export function registrationAction(
  current: APIService | undefined,
  wanted: APIService | undefined,
  isSynced: boolean,
  wasAtStart: boolean,
): 'create' | 'update' | 'delete' | 'none' {
  if (automanaged(wanted) === 'onstart' && isSynced) return 'none';
  if (current === undefined) return wanted === undefined ? 'none' : 'create';
  const managed = automanaged(current);
  if (managed === undefined) return 'none';
  if (managed === 'onstart' && (!wasAtStart || isSynced)) return 'none';
  if (wanted === undefined) return 'delete';
  return sameSpec(current.spec, wanted.spec) ? 'none' : 'update';
}

function automanaged(object: APIService | undefined): Automanaged | undefined {
  const value = object?.metadata?.labels?.[automanagedLabel];
  return value === 'onstart' || value === 'true' ? value : undefined;
}

function sameSpec(a: APIService['spec'], b: APIService['spec']): boolean {
  return (
    a?.service === undefined &&
    a?.group === b?.group &&
    a?.version === b?.version &&
    a?.groupPriorityMinimum === b?.groupPriorityMinimum &&
    a?.versionPriority === b?.versionPriority
  );
}

/** A local APIService with its condition put right; undefined where there is nothing to do. */
function withLocalCondition(object: APIService, now: string): APIService | undefined {
  if (object.spec?.service !== undefined) return undefined;
  const conditions = object.status?.conditions ?? [];
  const wanted = localCondition(now);
  const stands = conditions.find(({ type }) => type === wanted.type);
  const { status, reason, message } = stands ?? {};
  const right = status === wanted.status && reason === wanted.reason && message === wanted.message;
  if (right) return undefined;
  // The time is that of the last change of the status alone.
  if (stands?.lastTransitionTime && status === wanted.status) {
    wanted.lastTransitionTime = stands.lastTransitionTime;
  }
  const others = conditions.filter((condition) => condition !== stands);
  return { ...object, status: { conditions: [...others, wanted] } };
}
