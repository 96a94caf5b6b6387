// A watch cache of small pods on a memory store, for the tests of this folder.
import { VirtualClock } from '../../clock.ts';
import { silentLogger } from '../../logger.ts';
import type { Driver } from '../../storage/driver.ts';
import { createMemoryDriver } from '../../storage/memory.ts';
import type { ApiObject } from '../resource.ts';
import { Hub, type WatchRequest } from './hub.ts';
import type { CacheLimits } from './limits.ts';
import type { ListRequest } from './list.ts';
import { objectHeaders } from './object-header.ts';
import { ParsedObjects } from './parsed-objects.ts';
import { objectView } from './representation.ts';
import { WatchCache } from './watch-cache.ts';

export const prefix = '/registry/pods/';

export const podResource = {
  selectableFields: {
    'spec.nodeName': (pod: ApiObject) => (pod.spec as { nodeName?: string })?.nodeName ?? '',
  },
  triggerField: 'spec.nodeName',
};

export const podView = objectView({ kind: 'Pod', apiVersion: 'v1', listKind: 'PodList' });

export interface PodOptions {
  readonly labels?: Record<string, string>;
  readonly node?: string;
  readonly uid?: string;
  readonly pad?: number;
}

export function podBody(key: string, options: PodOptions = {}): Uint8Array {
  const [namespace, name] = key.split('/');
  const { labels, node, uid = `uid-${key}`, pad = 0 } = options;
  const metadata = { name, namespace, uid, ...(labels && { labels }) };
  const spec = { ...(node && { nodeName: node }), pad: 'x'.repeat(pad) };
  return Buffer.from(JSON.stringify({ metadata, spec }));
}

/** Writes `ns/name`, or deletes it, whatever stands there; returns the new revision. */
export async function write(
  driver: Driver,
  key: string,
  options: PodOptions | undefined,
): Promise<number> {
  const { entry } = await driver.get(prefix + key);
  const body = options === undefined ? undefined : podBody(key, options);
  const result = await driver.compareAndSwap(prefix + key, entry?.revision ?? 0, body);
  if (!result.ok) throw new Error(`lost the swap of ${key}`);
  return result.revision;
}

export function podCache(driver: Driver, clock: VirtualClock, limits: Partial<CacheLimits> = {}) {
  const parsed = new ParsedObjects();
  const header = objectHeaders(podResource, parsed);
  const cache = new WatchCache({ driver, prefix, header, clock, logger: silentLogger, limits });
  return { cache, parsed };
}

export async function podStore(limits: Partial<CacheLimits> = {}) {
  const clock = new VirtualClock();
  const driver = createMemoryDriver({ clock });
  const { cache, parsed } = podCache(driver, clock, limits);
  await cache.ready();
  const hub = new Hub(cache, podResource.triggerField);
  const put = (key: string, options: PodOptions = {}) => write(driver, key, options);
  const remove = (key: string) => write(driver, key, undefined);
  return { clock, driver, cache, parsed, hub, put, remove };
}

export function listRequest(options: Partial<ListRequest> = {}): ListRequest {
  const none = { limit: 0, continue: '', resourceVersion: '', resourceVersionMatch: '' };
  return { selection: {}, ...none, ...options };
}

export function watchRequest(options: Partial<WatchRequest> = {}): WatchRequest {
  return {
    resource: { group: '', resource: 'pods' },
    selection: {},
    view: podView,
    continue: '',
    resourceVersion: '',
    resourceVersionMatch: '',
    allowBookmarks: false,
    ...options,
  };
}

export interface Frame {
  readonly type: string;
  readonly object: {
    readonly kind: string;
    readonly metadata: {
      readonly name?: string;
      readonly namespace?: string;
      readonly resourceVersion: string;
      readonly annotations?: Record<string, string>;
    };
    readonly message?: string;
    readonly code?: number;
  };
}

/** An open watch that gathers what is written to it. */
export function openWatch(hub: Hub, options: Partial<WatchRequest> = {}) {
  const controller = new AbortController();
  const chunks: Uint8Array[] = [];
  let gate: Promise<void> | undefined;
  let open: () => void = () => undefined;
  const ended = hub.open(watchRequest(options))((chunk) => {
    chunks.push(chunk);
    return gate;
  }, controller.signal);
  const frames = (): Frame[] =>
    Buffer.concat(chunks)
      .toString()
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Frame);
  return {
    chunks,
    frames,
    ended,
    seen: () =>
      frames().map((frame) => {
        const { name, resourceVersion } = frame.object.metadata;
        return `${frame.type} ${name ?? ''}@${resourceVersion}`;
      }),
    /** Makes the writer wait until `release`. */
    block() {
      gate ??= new Promise((resolve) => {
        open = resolve;
      });
    },
    release() {
      gate = undefined;
      open();
    },
    stop() {
      controller.abort();
      return ended;
    },
  };
}

/** Lets everything that is under way in this process come to rest. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 12; turn++) await new Promise((resolve) => setImmediate(resolve));
}
