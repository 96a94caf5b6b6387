// Runs the plugins for one pod: prepares each once, then asks them about nodes.
import { withPod } from './node-info.ts';
import type { NominatedPods } from './nominated-pods.ts';
import type { NodeInfo, Plugin, PodInfo, PreparedPlugin, Rejection, Snapshot } from './types.ts';

const scoreMax = 100;

interface PluginView {
  readonly plugin: Plugin;
  readonly prepared: PreparedPlugin;
}

/** What all plugins have to say about one pod over one snapshot. */
export interface Prepared {
  readonly views: readonly PluginView[];
  /** One plugin has rejected every node without a look. */
  readonly rejectAll?: { readonly plugin: string; readonly message: string };
  /** The only nodes worth a look, and the plugins that say so. */
  readonly only?: { readonly nodes: ReadonlySet<string>; readonly plugins: readonly string[] };
}

/** A node's rejection and the plugin that it is of. */
export interface Refusal {
  readonly plugin: string;
  readonly rejection: Rejection;
}

export function prepareAll(plugins: readonly Plugin[], pod: PodInfo, snapshot: Snapshot): Prepared {
  const views: PluginView[] = [];
  let nodes: ReadonlySet<string> | undefined;
  const narrowing: string[] = [];
  for (const plugin of plugins) {
    const prepared = plugin.prepare(pod, snapshot);
    if (prepared === undefined) continue;
    const { rejectAll, onlyNodes } = prepared;
    if (rejectAll !== undefined) {
      return { views, rejectAll: { plugin: plugin.name, message: rejectAll } };
    }
    if (onlyNodes !== undefined) {
      nodes = nodes === undefined ? onlyNodes : nodes.intersection(onlyNodes);
      narrowing.push(plugin.name);
    }
    views.push({ plugin, prepared });
  }
  return nodes === undefined
    ? { views }
    : { views, only: { nodes, plugins: narrowing.toSorted() } };
}

/** The first plugin, in their order, that does not want the pod on the node. */
export function firstRefusal({ views }: Prepared, node: NodeInfo): Refusal | undefined {
  for (const { plugin, prepared } of views) {
    const rejection = prepared.filter?.(node);
    if (rejection !== undefined) return { plugin: plugin.name, rejection };
  }
  return undefined;
}

/**
 * Like `firstRefusal`, but also with the pods that are nominated to the node and as important as
 * `pod` or more: it must fit beside them, and (its affinity may lean on them) without them.
 */
export function refusalWithNominated(
  pod: PodInfo,
  node: NodeInfo,
  snapshot: Snapshot,
  plugins: readonly Plugin[],
  nominated: NominatedPods,
  prepared: Prepared,
): Refusal | undefined {
  const others = nominated
    .on(node.name)
    .filter((other) => other.key !== pod.key && other.priority >= pod.priority);
  if (others.length > 0) {
    const crowded = others.reduce(withPod, node);
    const beside = prepareAll(plugins, pod, snapshot.with(crowded));
    const refusal = firstRefusal(beside, crowded);
    if (refusal !== undefined) return refusal;
  }
  return firstRefusal(prepared, node);
}

/** The weighted sum of all scores, for each of `nodes`. */
export function totalScores(nodes: readonly NodeInfo[], { views }: Prepared): readonly number[] {
  const totals = new Array<number>(nodes.length).fill(0);
  for (const { plugin, prepared } of views) {
    const scoring = prepared.scoring?.(nodes);
    if (scoring === undefined) continue;
    const scores = nodes.map((node) => scoring.score(node));
    const { normalize } = scoring;
    if (typeof normalize === 'function') normalize(scores, nodes);
    else if (normalize !== undefined) shareOfHighest(scores, normalize === 'reverse');
    for (let i = 0; i < scores.length; i++) {
      totals[i] = (totals[i] ?? 0) + plugin.weight * (scores[i] ?? 0);
    }
  }
  return totals;
}

function shareOfHighest(scores: number[], reverse: boolean): void {
  let highest = 0;
  for (const score of scores) if (score > highest) highest = score;
  for (let i = 0; i < scores.length; i++) {
    const share = highest === 0 ? 0 : Math.floor(((scores[i] ?? 0) * scoreMax) / highest);
    scores[i] = reverse ? scoreMax - share : share;
  }
}
