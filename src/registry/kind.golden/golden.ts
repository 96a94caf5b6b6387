// Runs a kind's hooks on one object the way the engine does, for the golden tests.
import { VirtualClock } from '../../clock.ts';
import { seededRandom } from '../../random.ts';
import type { FieldError } from '../field.ts';
import type { ApiObject, HookContext, Resource } from '../resource.ts';

export const now = Date.UTC(2026, 0, 1);

export const context: HookContext = {
  clock: new VirtualClock(now),
  random: seededRandom(1),
  user: { name: 'jane', uid: 'u-1', groups: ['system:authenticated'] },
  dryRun: false,
  subresource: '',
  group: '',
  warn() {},
};

/** A deep copy with the kind's defaults; made twice, to see that defaults are idempotent. */
export function defaulted<T extends object>(resource: Resource, object: T): ApiObject {
  const copy = structuredClone(object) as unknown as ApiObject;
  const version = resource.groups[0]?.versions[0];
  version?.defaults?.(copy);
  const once = JSON.stringify(copy);
  version?.defaults?.(copy);
  if (JSON.stringify(copy) !== once) throw new Error(`defaults are not idempotent: ${once}`);
  return copy;
}

/** As on create: defaults, then prepareCreate. */
export function created<T extends object>(resource: Resource, object: T): ApiObject {
  const copy = defaulted(resource, object);
  resource.prepareCreate?.(copy, context);
  return copy;
}

function lines(errors: readonly FieldError[]): string[] {
  return errors.map((error) => `${error.field}: ${error.message}`);
}

/** `field: message` of every cause on create. */
export function createErrors(resource: Resource, object: object): string[] {
  return lines(resource.validate?.(created(resource, object), context) ?? []);
}

/** `field: message` of what an update of `old` to `next` is refused for, `next` itself aside. */
export function updateErrors(resource: Resource, next: object, old: object): string[] {
  const { before, after } = updated(resource, next, old);
  return lines(resource.validateUpdate?.(after, before, context) ?? []);
}

/** The same with what `next` itself is refused for, in the engine's order. */
export function allUpdateErrors(resource: Resource, next: object, old: object): string[] {
  const { before, after } = updated(resource, next, old);
  return lines([
    ...(resource.validate?.(after, context, before) ?? []),
    ...(resource.validateUpdate?.(after, before, context) ?? []),
  ]);
}

function updated(resource: Resource, next: object, old: object) {
  const before = created(resource, old);
  const after = defaulted(resource, next);
  if (before.status !== undefined) after.status = structuredClone(before.status);
  resource.prepareUpdate?.(after, before, context);
  return { before, after };
}

/** The row of a table at `now`. */
export function row(resource: Resource, object: object): readonly unknown[] {
  return resource.table?.cells(object as ApiObject, now) ?? [];
}

/** `object` with the value at a dotted path replaced (undefined removes it). */
export function withValue<T extends object>(object: T, path: string, value: unknown): T {
  const copy = structuredClone(object);
  const names = path.split('.');
  const last = names.pop() ?? '';
  let at = copy as Record<string, unknown>;
  for (const name of names) at = at[name] as Record<string, unknown>;
  if (value === undefined) delete at[last];
  else at[last] = value;
  return copy;
}
