// The narrower doors to a pod: ephemeral containers, resize and binding, each changing one part only.
import type { Pod } from '../../objects.ts';
import { sameJson } from '../engine/json.ts';
import { type FieldError, FieldPath, forbiddenField } from '../field.ts';
import type { ObjectSubresource } from '../resource.ts';
import { carryOver, countGeneration, isMirrorPod, refusedWhole } from './pod-doors.ts';
import { resizeSubresource } from './pod-resize.ts';
import { validatePod } from './pod-validation.ts';

const specPath = FieldPath.of('spec');

/** Ephemeral containers are only ever added. */
function validateEphemeralUpdate(next: Pod, old: Pod): readonly FieldError[] {
  const path = specPath.child('ephemeralContainers');
  if (isMirrorPod(old)) return [refusedWhole('static pods do not support ephemeral containers')];
  const errors: FieldError[] = [...validatePod(next)];
  const after = new Map((next.spec?.ephemeralContainers ?? []).map((each) => [each.name, each]));
  for (const container of old.spec?.ephemeralContainers ?? []) {
    const found = after.get(container.name);
    if (found === undefined) {
      const why = `existing ephemeral containers "${container.name}" may not be removed\n`;
      errors.push(forbiddenField(path, why));
    } else if (!sameJson(found, container)) {
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

/** The door by which `src/api` writes what `applyBinding` made; clients post a Binding instead. */
const binding: ObjectSubresource<Pod> = { name: 'binding', verbs: [], prepareUpdate() {} };

/** `status` is the engine's own; `eviction` is handled in `src/api`. */
export const podSubresources: readonly ObjectSubresource<Pod>[] = [
  binding,
  ephemeralContainers,
  resizeSubresource,
];
