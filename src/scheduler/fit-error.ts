// Why a pod has no node, in upstream's words: every reason with the number of nodes it is true of.
import type { Rejection } from './types.ts';

/** What one attempt found out about nodes that cannot be. */
export interface Diagnosis {
  readonly nodeCount: number;
  /** By node name. Empty when `rejectAll` speaks for every node. */
  readonly rejections: ReadonlyMap<string, Rejection>;
  readonly rejectAll?: string;
  /** Plugins that rejected something. */
  readonly rejectedBy: ReadonlySet<string>;
}

/** `0/3 nodes are available: 1 Insufficient cpu, 2 node(s) were unschedulable. preemption: …` */
export function fitMessage(diagnosis: Diagnosis, preemption = ''): string {
  const { nodeCount, rejections, rejectAll } = diagnosis;
  if (nodeCount === 0) return 'no nodes available to schedule pods';
  const reasons = rejectAll ?? reasonCounts(rejections.values());
  return (
    `0/${nodeCount} nodes are available:` +
    (reasons === '' ? '' : ` ${reasons}.`) +
    (preemption === '' ? '' : ` ${preemption}`)
  );
}

function reasonCounts(rejections: Iterable<Rejection>): string {
  const counts = new Map<string, number>();
  for (const { reasons } of rejections) {
    for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  return [...counts]
    .map(([reason, count]) => `${count} ${reason}`)
    .sort()
    .join(', ');
}
