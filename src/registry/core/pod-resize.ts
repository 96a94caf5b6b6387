// The `resize` door to a pod (KEP-1287): cpu and memory of containers and of the pod, nothing else.
import type { Pod, PodSpec } from '../../objects.ts';
import { sameJson } from '../engine/json.ts';
import { type FieldError, FieldPath, forbiddenField, invalidValue } from '../field.ts';
import type { ObjectSubresource } from '../resource.ts';
import { carryOver, countGeneration, isMirrorPod, refusedWhole } from './pod-doors.ts';
import { qosClass } from './pod-resources.ts';
import { validatePod } from './pod-validation.ts';
import type { Container, ResourceList, ResourceRequirements } from './types.ts';

const specPath = FieldPath.of('spec');
const onlyCompute = 'only cpu and memory resources are mutable';

const lists = ['initContainers', 'containers'] as const;

function containersOf(spec: PodSpec | undefined, list: (typeof lists)[number]): Container[] {
  return spec?.[list] ?? [];
}

/** `old` with the resources and resize policies of `next`; `next` itself where names differ. */
function resized(next: readonly Container[], old: readonly Container[]): Container[] {
  if (next.some(({ name }, index) => name !== old[index]?.name)) return [...next];
  return old.map((container, index) => {
    const { resources: _r, resizePolicy: _p, ...rest } = container;
    const { resources, resizePolicy } = next[index] ?? container;
    return {
      ...rest,
      ...(resources === undefined ? {} : { resources }),
      ...(resizePolicy === undefined ? {} : { resizePolicy }),
    };
  });
}

/** Containers that are added or removed stay so, for validation to refuse them. */
function prepareResize(next: Pod, old: Pod): void {
  const asked = next.spec;
  const counts = (spec: PodSpec | undefined) =>
    lists.map((list) => containersOf(spec, list).length);
  if (!sameJson(counts(asked), counts(old.spec))) return;
  carryOver(next, old);
  const { resources: _, ...rest } = old.spec ?? { containers: [] };
  const spec: PodSpec = {
    ...rest,
    ...(asked?.resources === undefined ? {} : { resources: asked.resources }),
    containers: resized(containersOf(asked, 'containers'), containersOf(old.spec, 'containers')),
  };
  if (old.spec?.initContainers) {
    spec.initContainers = resized(containersOf(asked, 'initContainers'), old.spec.initContainers);
  }
  next.spec = spec;
  countGeneration(next, old);
}

function validateResize(next: Pod, old: Pod): readonly FieldError[] {
  if (isMirrorPod(old)) return [refusedWhole('static pods cannot be resized')];
  if (old.spec?.os?.name === 'windows') return [refusedWhole('windows pods cannot be resized')];
  const errors: FieldError[] = [...validatePod(next)];
  if (qosClass(next) !== (old.status?.qosClass ?? qosClass(old))) {
    const why = 'Pod QOS Class may not change as a result of resizing';
    errors.push(invalidValue(specPath, next.status?.qosClass ?? '', why));
  }
  if (!isSupported(old)) {
    errors.push(forbiddenField(specPath, 'Pod running on node without support for resize'));
  }
  errors.push(...validatePodLevel(next.spec, old.spec));
  const order = validateOrder(next.spec, old.spec);
  if (order.length > 0) return [...errors, ...order];
  errors.push(...validateRemoved(next.spec, old.spec), ...validateOthers(next.spec, old.spec));
  if (errors.length > 0) return errors;
  const { resources: _n, containers: _nc, initContainers: _ni, ...rest } = next.spec ?? {};
  const { resources: _o, containers: _oc, initContainers: _oi, ...others } = old.spec ?? {};
  return sameJson(rest, others) ? [] : [forbiddenField(specPath, onlyCompute)];
}

/** A node that can resize says what its running containers have. */
function isSupported({ status }: Pod): boolean {
  const running = (status?.containerStatuses ?? []).find(({ state }) => state?.running);
  return running === undefined || running.resources !== undefined;
}

function isRemoved(next: ResourceList = {}, old: ResourceList = {}): boolean {
  return Object.keys(old).some((name) => next[name] === undefined);
}

function validatePodLevel(next: PodSpec | undefined, old: PodSpec | undefined): FieldError[] {
  const [after, before] = [next?.resources, old?.resources];
  if (!after && !before) return [];
  const path = specPath.child('resources');
  if (!after) return [forbiddenField(path, 'pod-level resources cannot be removed')];
  const errors = (['requests', 'limits'] as const).flatMap((kind) =>
    isRemoved(after[kind], before?.[kind])
      ? [forbiddenField(path.child(kind), `pod-level resource ${kind} cannot be removed`)]
      : [],
  );
  if (sameJson(otherResources(after), otherResources(before))) return errors;
  return [...errors, forbiddenField(specPath, `${onlyCompute} at pod-level`)];
}

/** All that a resize may not change. */
function otherResources(resources: ResourceRequirements | undefined): unknown {
  const rest = ({ cpu: _c, memory: _m, ...others }: ResourceList = {}) => others;
  const { requests, limits, claims = [] } = resources ?? {};
  return [rest(requests), rest(limits), claims];
}

function validateOrder(next: PodSpec | undefined, old: PodSpec | undefined): FieldError[] {
  return (['containers', 'initContainers'] as const).flatMap((list) => {
    const path = specPath.child(list);
    const [after, before] = [containersOf(next, list), containersOf(old, list)];
    if (after.length !== before.length) {
      return [forbiddenField(path, `${list} may not be added or removed on resize`)];
    }
    return before.flatMap(({ name }, index) => {
      if (after[index]?.name === name) return [];
      const why = `${list} may not be renamed or reordered on resize`;
      return [forbiddenField(path.index(index).child('name'), why)];
    });
  });
}

function validateRemoved(next: PodSpec | undefined, old: PodSpec | undefined): FieldError[] {
  return lists.flatMap((list) =>
    containersOf(old, list).flatMap(({ resources }, index) => {
      const path = specPath.child(list).index(index).child('resources');
      const after = containersOf(next, list)[index]?.resources;
      return (['requests', 'limits'] as const).flatMap((kind) =>
        isRemoved(after?.[kind], resources?.[kind])
          ? [forbiddenField(path.child(kind), `resource ${kind} cannot be removed`)]
          : [],
      );
    }),
  );
}

function validateOthers(next: PodSpec | undefined, old: PodSpec | undefined): FieldError[] {
  const errors = containersOf(old, 'containers').flatMap((container, index) =>
    sameButCompute(containersOf(next, 'containers')[index], container)
      ? []
      : [forbiddenField(specPath, onlyCompute)],
  );
  containersOf(old, 'initContainers').forEach((container, index) => {
    const after = containersOf(next, 'initContainers')[index];
    const path = specPath.child('initContainers').index(index);
    if (!sameButCompute(after, container)) {
      const why = 'only cpu and memory resources for init or sidecar containers are mutable';
      errors.push(forbiddenField(path, why));
    }
    if (sameJson(after, container) || after?.restartPolicy === 'Always') return;
    for (const { restartPolicy } of after?.resizePolicy ?? []) {
      if (restartPolicy !== 'RestartContainer') continue;
      const why =
        'non-sidecar init containers with a resize policy of RestartContainer cannot be resized';
      errors.push(forbiddenField(path, why));
    }
  });
  return errors;
}

function sameButCompute(next: Container | undefined, old: Container): boolean {
  if (next === undefined) return false;
  const { resources, ...rest } = next;
  const { resources: before, ...others } = old;
  return sameJson(rest, others) && sameJson(otherResources(resources), otherResources(before));
}

export const resizeSubresource: ObjectSubresource<Pod> = {
  name: 'resize',
  verbs: ['get', 'update', 'patch'],
  resetFields: [['status']],
  prepareUpdate: prepareResize,
  validateUpdate: validateResize,
};
