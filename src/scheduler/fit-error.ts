// Why a pod has no node, in upstream's words: every reason with the number of nodes it is true of.
import type { Rejection } from './types.ts';

/** What one attempt found out about nodes that cannot be. */
export interface Diagnosis {
  readonly nodeCount: number;
  /** By node name; nodes that were not looked at are not in it. */
  readonly rejections: ReadonlyMap<string, Rejection>;
  /** Why nodes were not looked at; preemption does not look at them either. */
  readonly absent?: string;
  /** Speaks for every node, in place of the above. */
  readonly rejectAll?: string;
  /** Plugins that rejected something. */
  readonly rejectedBy: ReadonlySet<string>;
}

/** `0/3 nodes are available: 1 Insufficient cpu, 2 node(s) were unschedulable. preemption: …` */
export function fitMessage(diagnosis: Diagnosis, preemption = ''): string {
  const { nodeCount, rejections, absent, rejectAll } = diagnosis;
  if (nodeCount === 0) return 'no nodes available to schedule pods';
  const reasons = rejectAll ?? reasonCounts(rejections, absent, nodeCount);
  return (
    `0/${nodeCount} nodes are available:` +
    (reasons === '' ? '' : ` ${reasons}.`) +
    (preemption === '' ? '' : ` preemption: ${preemption}`)
  );
}

function reasonCounts(
  rejections: Diagnosis['rejections'],
  absent: string | undefined,
  nodeCount: number,
): string {
  const counts = new Map<string, number>();
  const count = (reason: string, by: number) => counts.set(reason, (counts.get(reason) ?? 0) + by);
  for (const { reasons } of rejections.values()) for (const reason of reasons) count(reason, 1);
  const left = nodeCount - rejections.size;
  if (absent !== undefined && left > 0) count(absent, left);
  return [...counts]
    .map(([reason, times]) => `${times} ${reason}`)
    .sort()
    .join(', ');
}
