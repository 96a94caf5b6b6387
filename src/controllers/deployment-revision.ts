// Revisions of a deployment: the annotations that number its ReplicaSets and keep their history.
import type { Deployment, ReplicaSet } from '../objects.ts';
import { desiredAnnotation, desiredOf, fenceposts, maxAnnotation } from './deployment-plan.ts';

export const revisionAnnotation = 'deployment.kubernetes.io/revision';
const historyAnnotation = 'deployment.kubernetes.io/revision-history';
const historyCharactersMax = 2000;

const notCopied: ReadonlySet<string> = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  'deprecated.deployment.rollback.to',
  revisionAnnotation,
  historyAnnotation,
  desiredAnnotation,
  maxAnnotation,
]);

export type Annotations = Readonly<Record<string, string>>;

/** Revisions are 64 bits wide: a Deployment goes on counting from whatever it adopts. */
export function revisionOf(object: ReplicaSet | Deployment): bigint {
  return parseRevision(object.metadata?.annotations?.[revisionAnnotation]);
}

function parseRevision(text = ''): bigint {
  if (!/^[+-]?\d{1,19}$/.test(text)) return 0n;
  const revision = BigInt(text.replace('+', ''));
  return BigInt.asIntN(64, revision) === revision ? revision : 0n;
}

export function nextRevision(oldSets: readonly ReplicaSet[]): bigint {
  let last = 0n;
  for (const revision of oldSets.map(revisionOf)) if (revision > last) last = revision;
  return last + 1n;
}

/** The sizes that later proportional scaling starts from. */
export function sizeAnnotations(deployment: Deployment): Annotations {
  const desired = desiredOf(deployment);
  return {
    [desiredAnnotation]: String(desired),
    [maxAnnotation]: String(desired + fenceposts(deployment).surge),
  };
}

/** The new ReplicaSet's annotations: the deployment's own, its revision, and earlier ones. */
export function newSetAnnotations(
  deployment: Deployment,
  existing: ReplicaSet | undefined,
  revision: bigint,
): Annotations {
  const old = existing?.metadata?.annotations ?? {};
  const annotations: Record<string, string> = { ...old };
  for (const [key, value] of Object.entries(deployment.metadata?.annotations ?? {})) {
    if (!notCopied.has(key)) annotations[key] = value;
  }
  const before = old[revisionAnnotation];
  if (parseRevision(before) < revision) {
    annotations[revisionAnnotation] = String(revision);
    if (before !== undefined) annotations[historyAnnotation] = withRevision(old, before);
  }
  return existing === undefined ? { ...annotations, ...sizeAnnotations(deployment) } : annotations;
}

function withRevision(annotations: Annotations, revision: string): string {
  const known = (annotations[historyAnnotation] ?? '').split(',').filter((each) => each !== '');
  const history = [...known, revision];
  while (history.length > 1 && history.join(',').length > historyCharactersMax) history.shift();
  return history.join(',');
}

export function sameAnnotations(a: Annotations | undefined, b: Annotations): boolean {
  const keys = Object.keys(b);
  return keys.length === Object.keys(a ?? {}).length && keys.every((key) => a?.[key] === b[key]);
}
