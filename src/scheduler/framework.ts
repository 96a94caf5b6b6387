// Runs the plugins for one pod: prepares each once, then asks them about single nodes.
import { replaceNode } from './cache.ts';
import type { NominatedPods } from './find-node.ts';
import { withPod } from './node-info.ts';
import type { NodeInfo, Plugin, PodInfo, PreparedPlugin, Rejection, Snapshot } from './types.ts';

interface Filter {
  readonly name: string;
  readonly filter: (node: NodeInfo) => Rejection | undefined;
}

interface Scorer {
  readonly weight: number;
  readonly score: (node: NodeInfo) => number;
  readonly normalize: PreparedPlugin['normalize'];
}

/** What all plugins have to say about one pod over one snapshot. */
export interface Prepared {
  readonly filters: readonly Filter[];
  readonly scorers: readonly Scorer[];
  readonly rejectAll?: string;
  readonly rejectedBy: ReadonlySet<string>;
}

export function prepareAll(plugins: readonly Plugin[], pod: PodInfo, snapshot: Snapshot): Prepared {
  const filters: Filter[] = [];
  const scorers: Scorer[] = [];
  for (const plugin of plugins) {
    const prepared = plugin.prepare(pod, snapshot);
    if (prepared === undefined) continue;
    const { rejectAll, filter, score, normalize } = prepared;
    const { name, weight } = plugin;
    if (rejectAll !== undefined) {
      return { filters, scorers, rejectAll, rejectedBy: new Set([name]) };
    }
    if (filter !== undefined) filters.push({ name, filter });
    if (score !== undefined) scorers.push({ weight, score, normalize });
  }
  return { filters, scorers, rejectedBy: new Set() };
}

/** The first rejection by a plugin. */
export function firstRejection(
  { filters }: Prepared,
  node: NodeInfo,
): { readonly plugin: string; readonly rejection: Rejection } | undefined {
  for (const { name, filter } of filters) {
    const rejection = filter(node);
    if (rejection !== undefined) return { plugin: name, rejection };
  }
  return undefined;
}

/**
 * Also with the pods that are nominated to the node and as important as `pod` or more: it must
 * fit beside them, and (its affinity may lean on them) without them.
 */
export function rejectionOf(
  pod: PodInfo,
  node: NodeInfo,
  snapshot: Snapshot,
  prepared: Prepared,
  { plugins, nominated }: { plugins: readonly Plugin[]; nominated?: NominatedPods },
): ReturnType<typeof firstRejection> {
  const others = (nominated?.get(node.name) ?? []).filter(
    (other) => other.key !== pod.key && other.priority >= pod.priority,
  );
  if (others.length > 0) {
    const crowded = others.reduce(withPod, node);
    const crowdedSnapshot = replaceNode(snapshot, crowded);
    const found = firstRejection(prepareAll(plugins, pod, crowdedSnapshot), crowded);
    if (found !== undefined) return found;
  }
  return firstRejection(prepared, node);
}
