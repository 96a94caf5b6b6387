// Feeds priority and fairness from its API objects, and says in each FlowSchema whether its level exists.
import type { Clock, Timer } from '../../clock.ts';
import { timestamp } from '../../clock.ts';
import { describeError, type Logger } from '../../logger.ts';
import type { FlowSchema, PriorityLevelConfiguration } from '../../objects.ts';
import type { Random } from '../../random.ts';
import type { ResourceRegistry } from '../../registry/engine/resource-registry.ts';
import type { ResourceStore } from '../../registry/engine/resource-store.ts';
import { flowControlGroup } from '../../registry/flowcontrol/types.ts';
import { isReason } from '../../status.ts';
import { serverContext } from '../server-context.ts';
import type { Fairness } from './fairness.ts';

const fieldManager = 'api-priority-and-fairness-config-consumer-v1';
/** Servers that disagree must not write for ever: so many a minute for one schema. */
const updatesPerMinute = 6;
const retryMs = 1_000;

export interface FlowConfigurationParts {
  readonly fairness: Fairness;
  readonly registry: ResourceRegistry;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

export class FlowConfiguration {
  readonly #parts: FlowConfigurationParts;
  readonly #ends: (() => void)[] = [];
  /** Those of the last minute. */
  #updates: readonly { readonly name: string; readonly atMs: number }[] = [];
  #working: Promise<void> = Promise.resolve();
  #scheduled = false;
  #timer: Timer | undefined;
  #closed = false;

  constructor(parts: FlowConfigurationParts) {
    this.#parts = parts;
  }

  /** Follows the objects from now on; their caches must be filled. */
  start(): void {
    for (const store of [this.#levels(), this.#schemas()]) {
      if (store !== undefined) this.#ends.push(store.cache.subscribe(() => this.#schedule()));
    }
    void this.#digest();
  }

  /** Resolves once all that is stored is in force, and its conditions say so. */
  async settle(): Promise<void> {
    await Promise.all([this.#levels()?.cache.consistent(), this.#schemas()?.cache.consistent()]);
    await this.#digest();
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    for (const end of this.#ends) end();
  }

  #levels(): ResourceStore | undefined {
    return this.#parts.registry.store(flowControlGroup, 'prioritylevelconfigurations');
  }

  #schemas(): ResourceStore | undefined {
    return this.#parts.registry.store(flowControlGroup, 'flowschemas');
  }

  /** All changes of one turn are one new configuration. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      if (!this.#closed) void this.#digest();
    });
  }

  /** One at a time: what the last one wrote is seen before the next one looks. */
  #digest(): Promise<void> {
    this.#working = this.#working.then(() => this.#digestOnce());
    return this.#working;
  }

  async #digestOnce(): Promise<void> {
    if (this.#closed) return;
    const { fairness, logger } = this.#parts;
    const schemas = objectsOf<FlowSchema>(this.#schemas());
    fairness.configure(objectsOf<PriorityLevelConfiguration>(this.#levels()), schemas);
    const stale = schemas.filter((schema) => this.#condition(schema) !== undefined);
    if (stale.length === 0) return;
    try {
      await this.#writeConditions(stale);
      await this.#schemas()?.cache.consistent();
    } catch (error) {
      if (this.#closed) return;
      logger.warn('cannot write the status of flow schemas', { error: describeError(error) });
      this.#again(retryMs);
    }
  }

  async #writeConditions(schemas: readonly FlowSchema[]): Promise<void> {
    const found = this.#parts.registry.find(flowControlGroup, 'v1', 'flowschemas');
    if (found === undefined) return;
    await Promise.all(
      schemas.map(async (schema) => {
        const name = schema.metadata?.name ?? '';
        const condition = this.#condition(schema);
        if (condition === undefined || !this.#mayUpdate(name)) return;
        const context = { ...serverContext(found, '', name, 'status'), fieldManager };
        const configuration = {
          apiVersion: `${flowControlGroup}/v1`,
          kind: 'FlowSchema',
          metadata: { name },
          status: { conditions: [condition] },
        };
        const body = Buffer.from(JSON.stringify(configuration));
        try {
          await found.store.patch(context, { type: 'apply', body, force: true });
        } catch (error) {
          if (!isReason(error, 'NotFound')) throw error;
        }
      }),
    );
  }

  /** What the Dangling condition should be; undefined when it is so already. */
  #condition(schema: FlowSchema) {
    const level = schema.spec?.priorityLevelConfiguration?.name ?? '';
    const found = this.#parts.fairness.hasLevel(level);
    const about = `This FlowSchema references the PriorityLevelConfiguration object named ${JSON.stringify(level)}`;
    const wanted = {
      type: 'Dangling',
      status: found ? 'False' : 'True',
      reason: found ? 'Found' : 'NotFound',
      message: `${about} ${found ? 'and it exists' : 'but there is no such object'}`,
    };
    const now = schema.status?.conditions?.find(({ type }) => type === 'Dangling');
    const same =
      now?.status === wanted.status &&
      now.reason === wanted.reason &&
      now.message === wanted.message;
    return same ? undefined : { ...wanted, lastTransitionTime: timestamp(this.#parts.clock) };
  }

  #mayUpdate(name: string): boolean {
    const nowMs = this.#parts.clock.nowMs();
    this.#updates = this.#updates.filter(({ atMs }) => nowMs - atMs <= 60_000);
    const recent = this.#updates.filter((update) => update.name === name).length;
    if (recent >= updatesPerMinute) {
      this.#again((30 + Math.floor(this.#parts.random.next() * 45)) * 1000);
      return false;
    }
    this.#updates = [...this.#updates, { name, atMs: nowMs }];
    return true;
  }

  #again(delayMs: number): void {
    this.#timer?.cancel();
    this.#timer = this.#parts.clock.setTimeout(() => this.#schedule(), delayMs);
  }
}

function objectsOf<T>(store: ResourceStore | undefined): readonly T[] {
  if (store === undefined) return [];
  const objects: T[] = [];
  for (const stored of store.cache.snapshot().range(store.prefix)) {
    objects.push(store.parse(stored) as unknown as T);
  }
  return objects;
}
