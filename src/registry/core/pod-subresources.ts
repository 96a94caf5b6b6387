// The narrower doors to a pod: ephemeral containers and resize, each changing one part only.
import { isDeepStrictEqual } from 'node:util';
import type { Pod } from '../../objects.ts';
import { type FieldError, FieldPath, forbiddenField, invalidValue } from '../field.ts';
import type { ObjectSubresource } from '../resource.ts';
import { validateEphemeralContainers } from './pod-containers-validation.ts';
import { qosClass } from './pod-resources.ts';
import { validatePod } from './pod-validation.ts';
import type { Container } from './types.ts';
import { checkVolumes, templateOwner } from './volume-validation.ts';

/** Everything but `spec` fields named by `take` comes from `old`. */
function carryOver(next: Pod, old: Pod): void {
  const { metadata } = next;
  const resourceVersion = metadata?.resourceVersion;
  next.metadata = {
    ...old.metadata,
    ...(metadata?.managedFields === undefined ? {} : { managedFields: metadata.managedFields }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
  };
  if (old.status !== undefined) next.status = old.status;
}

/** The spec is what the kubelet works towards: each change of it is a new generation. */
function countGeneration(next: Pod, old: Pod): void {
  if (next.metadata && !isDeepStrictEqual(next.spec, old.spec)) {
    next.metadata.generation = (old.metadata?.generation ?? 0) + 1;
  }
}

const specPath = FieldPath.of('spec');

/** Ephemeral containers are only ever added. */
function validateEphemeralUpdate(next: Pod, old: Pod): readonly FieldError[] {
  const path = specPath.child('ephemeralContainers');
  const errors: FieldError[] = [];
  if (next.spec) {
    const volumes = specPath.child('volumes');
    const { sound } = checkVolumes(next.spec.volumes ?? [], volumes, templateOwner);
    errors.push(...validateEphemeralContainers(next.spec, sound, path));
  }
  const after = new Map((next.spec?.ephemeralContainers ?? []).map((each) => [each.name, each]));
  for (const container of old.spec?.ephemeralContainers ?? []) {
    const found = after.get(container.name);
    if (found === undefined) {
      const why = `existing ephemeral containers "${container.name}" may not be removed\n`;
      errors.push(forbiddenField(path, why));
    } else if (!isDeepStrictEqual(found, container)) {
      const why = `existing ephemeral containers "${container.name}" may not be changed\n`;
      errors.push(forbiddenField(path, why));
    }
  }
  return errors;
}

const ephemeralContainers: ObjectSubresource<Pod> = {
  name: 'ephemeralcontainers',
  verbs: ['get', 'update', 'patch'],
  resetFields: [['status']],
  prepareUpdate(next, old) {
    const asked = next.spec?.ephemeralContainers;
    carryOver(next, old);
    const { ephemeralContainers: _, ...rest } = old.spec ?? { containers: [] };
    next.spec = { ...rest, ...(asked === undefined ? {} : { ephemeralContainers: asked }) };
    countGeneration(next, old);
  },
  validateUpdate: validateEphemeralUpdate,
};

/** Every container of `next` as it was in `old`, but for resources and resize policy. */
function resized(next: readonly Container[], old: readonly Container[]): Container[] {
  const asked = new Map(next.map((container) => [container.name, container]));
  return old.map((container) => {
    const found = asked.get(container.name);
    if (found === undefined) return container;
    const { resources: _r, resizePolicy: _p, ...rest } = container;
    return {
      ...rest,
      ...(found.resources === undefined ? {} : { resources: found.resources }),
      ...(found.resizePolicy === undefined ? {} : { resizePolicy: found.resizePolicy }),
    };
  });
}

/** KEP-1287: what may be resized while a pod runs, and that its class of service stays. */
function validateResize(next: Pod, old: Pod): readonly FieldError[] {
  const errors: FieldError[] = [];
  if (next.spec) errors.push(...validatePod(next));
  const before = old.status?.qosClass ?? qosClass(old);
  if (qosClass(next) !== before) {
    const why = 'Pod QOS Class may not change as a result of resizing';
    errors.push(invalidValue(specPath, before, why));
  }
  for (const [index, container] of (next.spec?.containers ?? []).entries()) {
    const was = old.spec?.containers[index];
    const path = specPath.child('containers').index(index).child('resources');
    for (const kind of ['requests', 'limits'] as const) {
      const after = container.resources?.[kind] ?? {};
      for (const name of Object.keys(was?.resources?.[kind] ?? {})) {
        if (after[name] !== undefined) continue;
        const why = `resource ${kind} cannot be removed`;
        errors.push(forbiddenField(path.child(kind), why));
      }
    }
  }
  if (!isDeepStrictEqual(withoutCompute(next), withoutCompute(old))) {
    errors.push(forbiddenField(specPath, 'only cpu and memory resources are mutable'));
  }
  return errors;
}

function withoutCompute(pod: Pod): unknown {
  const rest = (list: Readonly<Record<string, string>> | undefined) => {
    const { cpu: _c, memory: _m, ...others } = list ?? {};
    return others;
  };
  return [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])].map(
    ({ name, resources }) => [name, rest(resources?.requests), rest(resources?.limits)],
  );
}

const resize: ObjectSubresource<Pod> = {
  name: 'resize',
  verbs: ['get', 'update', 'patch'],
  resetFields: [['status']],
  prepareUpdate(next, old) {
    const asked = next.spec;
    carryOver(next, old);
    const spec = { ...(old.spec ?? { containers: [] }) };
    spec.containers = resized(asked?.containers ?? [], spec.containers ?? []);
    if (spec.initContainers) {
      spec.initContainers = resized(asked?.initContainers ?? [], spec.initContainers);
    }
    if (asked?.resources !== undefined) spec.resources = asked.resources;
    next.spec = spec;
    countGeneration(next, old);
  },
  validateUpdate: validateResize,
};

/** The door by which `src/api` writes what `applyBinding` made; clients post a Binding instead. */
const binding: ObjectSubresource<Pod> = { name: 'binding', verbs: [], prepareUpdate() {} };

/** `status` is the engine's own; `eviction` is handled in `src/api`. */
export const podSubresources: readonly ObjectSubresource<Pod>[] = [
  binding,
  ephemeralContainers,
  resize,
];
