// What each door (the object, its status, other subresources) may change on update.

import { resourceNotFound } from '../../status.ts';
import type { FieldError } from '../field.ts';
import type { ApiObject, HookContext, ObjectSubresource, Resource } from '../resource.ts';
import { copyJson, sameJson } from './json.ts';
import type { StoreParts } from './ports.ts';
import type { RequestContext } from './types.ts';

/** One door: copies back what it may not change, then checks what it may. */
export interface Door {
  readonly resetFields: readonly (readonly string[])[];
  prepare(next: ApiObject, old: ApiObject, hooks: HookContext): void;
  validate(next: ApiObject, old: ApiObject, hooks: HookContext): readonly FieldError[];
}

/** Fields that the main door leaves alone. */
export function mainResetFields(resource: Resource): readonly (readonly string[])[] {
  const { hasStatus = false, resetFields = [] } = resource;
  return hasStatus ? [['status'], ...resetFields] : resetFields;
}

const metadataKeptByStatus = [
  'labels',
  'annotations',
  'finalizers',
  'ownerReferences',
  'generateName',
] as const;

/** Whether spec changes are counted in metadata.generation. */
export function hasGeneration(parts: StoreParts, context: RequestContext): boolean {
  const { resource, version } = context.served;
  return (
    resource.hasGeneration ??
    parts.types(version.schema).fields.some((field) => field.name === 'spec')
  );
}

/** The door a request came through; an unknown subresource is not served. */
export function doorOf(parts: StoreParts, context: RequestContext): Door {
  const { resource } = context.served;
  if (context.subresource === '') return mainDoor(parts, context);
  if (context.subresource === 'status' && resource.hasStatus === true) return statusDoor(resource);
  if (context.subresource === 'scale' && resource.scale !== undefined) {
    return mainDoor(parts, context);
  }
  const found = resource.subresources?.find((each) => each.name === context.subresource);
  if (found === undefined) throw resourceNotFound();
  return subresourceDoor(found);
}

function mainDoor(parts: StoreParts, context: RequestContext): Door {
  const { resource } = context.served;
  const counts = hasGeneration(parts, context);
  return {
    resetFields: mainResetFields(resource),
    prepare(next, old, hooks) {
      if (resource.hasStatus === true) copyField(next, old, 'status');
      resource.prepareUpdate?.(next, old, hooks);
      if (counts && !sameDesire(next, old)) {
        next.metadata.generation = (old.metadata.generation ?? 0) + 1;
      }
    },
    validate: (next, old, hooks) => [
      ...(resource.validate?.(next, hooks, old) ?? []),
      ...(resource.validateUpdate?.(next, old, hooks) ?? []),
    ],
  };
}

function statusDoor(resource: Resource): Door {
  return {
    resetFields: [
      ['spec'],
      ...(resource.statusKeepsMetadata === true ? [['metadata']] : []),
      ...(resource.statusResetFields ?? []),
    ],
    prepare(next, old, hooks) {
      for (const name of new Set([...Object.keys(next), ...Object.keys(old)])) {
        if (name !== 'status' && name !== 'metadata' && name !== 'kind' && name !== 'apiVersion') {
          copyField(next, old, name);
        }
      }
      if (resource.statusKeepsMetadata === true) {
        for (const name of metadataKeptByStatus) {
          copyField(
            next.metadata as unknown as Record<string, unknown>,
            old.metadata as unknown as Record<string, unknown>,
            name,
          );
        }
      }
      resource.prepareStatusUpdate?.(next, old, hooks);
    },
    validate: (next, old, hooks) => resource.validateStatusUpdate?.(next, old, hooks) ?? [],
  };
}

function subresourceDoor(subresource: ObjectSubresource<ApiObject>): Door {
  return {
    resetFields: subresource.resetFields ?? [],
    prepare: (next, old, hooks) => subresource.prepareUpdate(next, old, hooks),
    validate: (next, old, hooks) => subresource.validateUpdate?.(next, old, hooks) ?? [],
  };
}

function copyField(
  next: Record<string, unknown>,
  old: Readonly<Record<string, unknown>>,
  name: string,
): void {
  if (old[name] === undefined) delete next[name];
  else next[name] = copyJson(old[name]);
}

/** Whether all that a client asks for (everything but metadata and status) is the same. */
function sameDesire(next: ApiObject, old: ApiObject): boolean {
  const desire = ({ metadata: _m, status: _s, kind: _k, apiVersion: _a, ...rest }: ApiObject) =>
    rest;
  return sameJson(desire(next), desire(old));
}
