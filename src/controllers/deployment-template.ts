// A deployment's pod template: its hash, its equality, and the ReplicaSets that carry it.
import type { Deployment, PodTemplateSpec, ReplicaSet } from '../objects.ts';
import { timeMs } from './pod-state.ts';

export const templateHashLabel = 'pod-template-hash';

/** JSON with sorted keys, so that equal templates give equal text. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) =>
    typeof each === 'object' && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))
      : each,
  );
}

const safeCharacters = 'bcdfghjklmnpqrstvwxz2456789';

/** FNV-1a of the template and the collision count, spelled with characters that form no words. */
export function templateHash(template: PodTemplateSpec | undefined, collisions = 0): string {
  let hash = 0x811c9dc5;
  const add = (byte: number) => {
    hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  };
  for (const byte of Buffer.from(canonicalJson(template ?? {}))) add(byte);
  if (collisions > 0) {
    const count = Buffer.alloc(8);
    count.writeUInt32LE(collisions);
    for (const byte of count) add(byte);
  }
  return [...String(hash)].map((each) => safeCharacters[each.charCodeAt(0) % 27]).join('');
}

/** Whether two templates make the same pods; the hash label is the controller's own. */
export function sameTemplate(
  a: PodTemplateSpec | undefined,
  b: PodTemplateSpec | undefined,
): boolean {
  return canonicalJson(withoutHash(a)) === canonicalJson(withoutHash(b));
}

function withoutHash(template: PodTemplateSpec | undefined): PodTemplateSpec {
  const { [templateHashLabel]: _, ...labels } = template?.metadata?.labels ?? {};
  return { ...template, metadata: { ...template?.metadata, labels } };
}

export function byCreation(a: ReplicaSet, b: ReplicaSet): number {
  const [at, bt] = [a, b].map((set) => timeMs(set.metadata?.creationTimestamp) ?? 0);
  return (at ?? 0) - (bt ?? 0) || ((a.metadata?.name ?? '') < (b.metadata?.name ?? '') ? -1 : 1);
}

/** The oldest ReplicaSet with the deployment's template. */
export function findNewReplicaSet(
  deployment: Deployment,
  sets: readonly ReplicaSet[],
): ReplicaSet | undefined {
  return [...sets]
    .sort(byCreation)
    .find((set) => sameTemplate(set.spec?.template, deployment.spec?.template));
}
