// What of a pod's spec may change once it exists: images, deadline, tolerations, gates, grace.
import { isDeepStrictEqual } from 'node:util';
import type { Pod, PodSpec } from '../../objects.ts';
import { type FieldError, FieldPath, forbiddenField, invalidValue } from '../field.ts';
import { objectDiff } from './text-diff.ts';
import type { Container, Toleration } from './types.ts';

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
  const added = (next.schedulingGates ?? []).filter((gate) => !before.has(gate.name));
  if (added.length === 0) return [];
  const names = added.map((gate) => gate.name).sort();
  const why = `only deletion is allowed, but found new scheduling gates '${names.join(',')}'`;
  return [forbiddenField(specPath.child('schedulingGates'), why)];
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
    restore(copy, old, 'affinity');
  }
  const grace = old.terminationGracePeriodSeconds;
  if (grace !== undefined && grace < 0 && next.terminationGracePeriodSeconds === 1) {
    restore(copy, old, 'terminationGracePeriodSeconds');
  }
  return copy;
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
    ...validateGates(next.spec, old.spec),
    ...validateTolerationsUpdate(next.spec, old.spec),
  );
  if ((old.spec.schedulingGates ?? []).length > 0) {
    errors.push(...validateGatedSelector(next.spec, old.spec));
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
  const why = 'only additions are allowed for a gated pod';
  return [invalidValue(specPath.child('nodeSelector'), after, why)];
}
