// Events by which repairs tell of what they found: one for each thing said about an object.
import { type Clock, microTimestamp } from '../../clock.ts';
import type { Logger } from '../../logger.ts';
import type { KubernetesObject } from '../../objects.ts';
import { nameSuffix, type Random } from '../../random.ts';
import type { ResourceRegistry } from '../../registry/engine/resource-registry.ts';
import type { ApiObject } from '../../registry/resource.ts';
import { serverContext } from '../server-context.ts';

const group = 'events.k8s.io';
/** So much is remembered of what was said, so that no repair says it each time. */
const rememberedMax = 4_096;

interface Parts {
  readonly registry: ResourceRegistry;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

export interface Warning {
  readonly reason: string;
  readonly action: string;
  readonly note: string;
}

export class Warnings {
  readonly #parts: Parts;
  readonly #reporter: string;
  readonly #said = new Set<string>();

  /** @param reporter the name of the controller */
  constructor(parts: Parts, reporter: string) {
    this.#parts = parts;
    this.#reporter = reporter;
  }

  /** Never fails: an event is not worth a repair. */
  async warn(
    kind: { readonly apiVersion: string; readonly kind: string },
    { metadata }: KubernetesObject,
    { reason, action, note }: Warning,
  ): Promise<void> {
    const { namespace = '', name = '', uid = '', resourceVersion } = metadata ?? {};
    const identity = `${uid}/${reason}/${note}`;
    if (this.#said.has(identity)) return;
    if (this.#said.size >= rememberedMax) this.#said.clear();
    this.#said.add(identity);
    const { registry, clock, random, logger } = this.#parts;
    logger.warn(note);
    const found = registry.find(group, 'v1', 'events');
    if (found === undefined) return;
    // Objects of the cluster have their events in `default`.
    const home = namespace === '' ? 'default' : namespace;
    const event: ApiObject = {
      apiVersion: `${group}/v1`,
      kind: 'Event',
      metadata: { name: `${name}.${nameSuffix(random)}${nameSuffix(random)}`, namespace: home },
      eventTime: microTimestamp(clock),
      type: 'Warning',
      reason,
      action,
      note,
      regarding: { ...kind, namespace, name, uid, ...(resourceVersion ? { resourceVersion } : {}) },
      reportingController: this.#reporter,
      reportingInstance: `${this.#reporter}-coracle`,
    };
    found.served.version.defaults?.(event);
    await found.store.create(serverContext(found, home, ''), event).catch((error: unknown) => {
      logger.error('cannot write an event', error);
    });
  }
}
