// What of a pod's spec may change once it exists: images, deadline, tolerations, gates, grace.
import { isDeepStrictEqual } from 'node:util';
import type { Pod, PodSpec } from '../../objects.ts';
import { type FieldError, FieldPath, forbiddenField, invalidValue } from '../field.ts';
import { objectDiff } from './text-diff.ts';
import type { Container, NodeSelectorTerm, Toleration } from './types.ts';

const specPath = FieldPath.of('spec');

const updatableFields =
  'pod updates may not change fields other than `spec.containers[*].image`,' +
  '`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,' +
  '`spec.tolerations` (only additions to existing tolerations),' +
  '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)';

function validateDeadline(next: PodSpec, old: PodSpec): FieldError[] {
  const path = specPath.child('activeDeadlineSeconds');
  const before = old.activeDeadlineSeconds;
  const after = next.activeDeadlineSeconds;
  if (before === undefined || before === after) return [];
  if (after === undefined) {
    return [invalidValue(path, after, 'must not update from a positive integer to nil value')];
  }
  if (after <= before) return [];
  const why = `must be less than or equal to previous value`;
  return [invalidValue(path, after, why)];
}

function validateGates(next: PodSpec, old: PodSpec): FieldError[] {
  const before = new Set((old.schedulingGates ?? []).map((gate) => gate.name));
  return (next.schedulingGates ?? []).flatMap(({ name }, index) => {
    if (before.has(name)) return [];
    const path = specPath.child('schedulingGates').index(index).child('name');
    const why = `only deletion is allowed, but found new scheduling gate '${name}'`;
    return [forbiddenField(path, why)];
  });
}

function sameToleration(a: Toleration, b: Toleration): boolean {
  const { tolerationSeconds: _a, ...restA } = a;
  const { tolerationSeconds: _b, ...restB } = b;
  return isDeepStrictEqual(restA, restB);
}

/** Old tolerations stay; only how long a NoExecute one lasts may change. */
function validateTolerationsUpdate(next: PodSpec, old: PodSpec): FieldError[] {
  const path = specPath.child('tolerations');
  const after = next.tolerations ?? [];
  const kept = (old.tolerations ?? []).every((each) =>
    after.some((other) =>
      each.effect === 'NoExecute' ? sameToleration(each, other) : isDeepStrictEqual(each, other),
    ),
  );
  if (kept) return [];
  return [
    forbiddenField(path, 'existing toleration can not be modified except its tolerationSeconds'),
  ];
}

function withImages(next: readonly Container[], old: readonly Container[]): Container[] {
  return next.map((container, index) => {
    const image = old[index]?.image;
    const { image: _, ...rest } = container;
    return image === undefined ? rest : { ...rest, image };
  });
}

/** `next` with everything that may change set back to what it was. */
function withUpdatableFieldsReset(next: PodSpec, old: PodSpec): PodSpec {
  const copy: PodSpec = {
    ...next,
    containers: withImages(next.containers ?? [], old.containers ?? []),
  };
  if (next.initContainers) {
    copy.initContainers = withImages(next.initContainers, old.initContainers ?? []);
  }
  restore(copy, old, 'activeDeadlineSeconds');
  restore(copy, old, 'tolerations');
  restore(copy, old, 'schedulingGates');
  // While gated, where a pod may run can still be narrowed.
  if ((old.schedulingGates ?? []).length > 0) {
    restore(copy, old, 'nodeSelector');
    restoreNodeAffinity(copy, old);
  }
  const grace = old.terminationGracePeriodSeconds;
  if (grace !== undefined && grace < 0 && next.terminationGracePeriodSeconds === 1) {
    restore(copy, old, 'terminationGracePeriodSeconds');
  }
  return copy;
}

/** The rest of the affinity stays fixed; an affinity of nothing else counts as none. */
function restoreNodeAffinity(copy: PodSpec, old: PodSpec): void {
  const { nodeAffinity: _, ...others } = copy.affinity ?? {};
  const nodeAffinity = old.affinity?.nodeAffinity;
  const alone = Object.keys(others).length === 0;
  if (alone && nodeAffinity === undefined && (!old.affinity || !copy.affinity)) {
    delete copy.affinity;
    return;
  }
  copy.affinity = { ...others, ...(nodeAffinity === undefined ? {} : { nodeAffinity }) };
}

function restore<Field extends keyof PodSpec>(copy: PodSpec, old: PodSpec, field: Field): void {
  if (old[field] === undefined) delete copy[field];
  else copy[field] = old[field];
}

export function validatePodUpdate(next: Pod, old: Pod): FieldError[] {
  if (!next.spec || !old.spec) return [];
  const errors: FieldError[] = [];
  for (const field of ['containers', 'initContainers'] as const) {
    // Anything after this compares container by container.
    const lengths = [next.spec[field] ?? [], old.spec[field] ?? []].map((list) => list.length);
    if (lengths[0] !== lengths[1]) {
      const path = specPath.child(field);
      return [forbiddenField(path, 'pod updates may not add or remove containers')];
    }
  }
  errors.push(
    ...validateDeadline(next.spec, old.spec),
    ...validateTolerationsUpdate(next.spec, old.spec),
    ...validateGates(next.spec, old.spec),
  );
  if ((old.spec.schedulingGates ?? []).length > 0) {
    errors.push(...validateGatedSelector(next.spec, old.spec));
    errors.push(...validateGatedAffinity(next.spec, old.spec));
  }
  const comparable = withUpdatableFieldsReset(next.spec, old.spec);
  if (!isDeepStrictEqual(comparable, old.spec)) {
    const difference = objectDiff(old.spec, comparable);
    errors.push(forbiddenField(specPath, `${updatableFields}\n${difference}`));
  }
  return errors;
}

function validateGatedSelector(next: PodSpec, old: PodSpec): FieldError[] {
  const after = next.nodeSelector ?? {};
  const kept = Object.entries(old.nodeSelector ?? {}).every(([key, value]) => after[key] === value);
  if (kept) return [];
  const why = 'only additions to spec.nodeSelector are allowed (no mutations or deletions)';
  return [invalidValue(specPath.child('nodeSelector'), after, why)];
}

type Terms = readonly NodeSelectorTerm[];

function requiredTerms({ affinity }: PodSpec): Terms {
  const node = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return node?.nodeSelectorTerms ?? [];
}

/** Each term may only become narrower, and there may be no more and no fewer of them. */
function validateGatedAffinity(next: PodSpec, old: PodSpec): FieldError[] {
  const [after, before] = [requiredTerms(next), requiredTerms(old)];
  const path = specPath.child(
    'affinity',
    'nodeAffinity',
    'requiredDuringSchedulingIgnoredDuringExecution',
    'nodeSelectorTerms',
  );
  if (before.length > 0 && before.length !== after.length) {
    const why = 'no additions/deletions to non-empty NodeSelectorTerms list are allowed';
    return [invalidValue(path, after, why)];
  }
  return before.flatMap((term, index) => {
    const now = after[index] ?? {};
    if (onlyAdds(now, term)) return [];
    const why = 'only additions are allowed (no mutations or deletions)';
    return [invalidValue(path.index(index), now, why)];
  });
}

function onlyAdds(next: NodeSelectorTerm, old: NodeSelectorTerm): boolean {
  const lists = ['matchExpressions', 'matchFields'] as const;
  // A term of nothing selects nothing, so adding to it would widen the whole.
  if (lists.every((list) => !old[list]?.length)) return lists.every((list) => !next[list]?.length);
  return lists.every((list) => {
    const before = old[list] ?? [];
    return isDeepStrictEqual((next[list] ?? []).slice(0, before.length), before);
  });
}
