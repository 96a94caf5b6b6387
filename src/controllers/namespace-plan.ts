// How a namespace that is being deleted tells what still holds it.
import type { Namespace } from '../objects.ts';

/** What one pass over a namespace's content found. */
export interface Content {
  /** Resource → objects left. */
  readonly remaining: Map<string, number>;
  /** Finalizer → objects that have it. */
  readonly finalizers: Map<string, number>;
  readonly failures: string[];
}

type Condition = NonNullable<NonNullable<Namespace['status']>['conditions']>[number];

/** All five deletion conditions, with upstream's reasons and messages. */
export function namespaceConditions(
  namespace: Namespace,
  content: Content,
  discoveryFailures: ReadonlyMap<string, Error>,
  nowMs: number,
): Condition[] {
  const known = namespace.status?.conditions ?? [];
  const now = `${new Date(nowMs).toISOString().slice(0, 19)}Z`;
  const made = [
    discovery(discoveryFailures),
    condition(
      'NamespaceDeletionGroupVersionParsingFailure',
      undefined,
      'ParsedGroupVersions',
      'All legacy kube types successfully parsed',
    ),
    condition(
      'NamespaceDeletionContentFailure',
      content.failures.length === 0
        ? undefined
        : [
            'ContentDeletionFailed',
            `Failed to delete all resource types, ${content.failures.length} remaining: ${content.failures.sort().join(', ')}`,
          ],
      'ContentDeleted',
      'All content successfully deleted, may be waiting on finalization',
    ),
    condition(
      'NamespaceContentRemaining',
      listed(
        content.remaining,
        'SomeResourcesRemain',
        'Some resources are remaining: ',
        (name, n) => `${name} has ${n} resource instances`,
      ),
      'ContentRemoved',
      'All content successfully removed',
    ),
    condition(
      'NamespaceFinalizersRemaining',
      listed(
        content.finalizers,
        'SomeFinalizersRemain',
        'Some content in the namespace has finalizers remaining: ',
        (name, n) => `${name} in ${n} resource instances`,
      ),
      'ContentHasNoFinalizers',
      'All content-preserving finalizers finished',
    ),
  ];
  const mine = new Set(made.map((each) => each.type));
  const stamped = made.map((each) => {
    const old = known.find((condition) => condition.type === each.type);
    const lastTransitionTime = old?.status === each.status ? (old.lastTransitionTime ?? now) : now;
    return { ...each, lastTransitionTime };
  });
  return [...known.filter((each) => !mine.has(each.type)), ...stamped];
}

function discovery(failures: ReadonlyMap<string, Error>): Condition {
  const why = [...failures].map(([groupVersion, error]) => `${groupVersion}: ${error.message}`);
  return condition(
    'NamespaceDeletionDiscoveryFailure',
    why.length === 0
      ? undefined
      : [
          'DiscoveryFailed',
          `Discovery failed for some groups, ${why.length} failing: unable to retrieve the complete list of server APIs: ${why.join(', ')}`,
        ],
    'ResourcesDiscovered',
    'All resources successfully discovered',
  );
}

function listed(
  counts: ReadonlyMap<string, number>,
  reason: string,
  start: string,
  words: (name: string, count: number) => string,
): readonly [string, string] | undefined {
  if (counts.size === 0) return undefined;
  const sorted = [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
  return [reason, start + sorted.map(([name, count]) => words(name, count)).join(', ')];
}

function condition(
  type: string,
  failure: readonly [string, string] | undefined,
  reason: string,
  message: string,
): Condition {
  if (failure === undefined) return { type, status: 'False', reason, message };
  return { type, status: 'True', reason: failure[0], message: failure[1] };
}

/** Whether type, status, reason and message all agree. */
export function sameConditions(a: readonly Condition[], b: readonly Condition[]): boolean {
  const text = (conditions: readonly Condition[]) =>
    conditions
      .map(({ type, status, reason, message }) => JSON.stringify([type, status, reason, message]))
      .sort()
      .join();
  return text(a) === text(b);
}
