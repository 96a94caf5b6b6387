// Takes from every owner the fields that a write changed or removed.
import type { ServedResource } from '../engine/types.ts';
import type { Comparison } from './compare.ts';
import { difference, type FieldSet, intersection, isEmptySet, setOf, union } from './field-set.ts';
import type { Owner, Owners } from './managed-fields.ts';
import type { Shapes } from './shape.ts';
import { type VersionedComparison, viewNamed } from './versions.ts';

/** What makes an object what it is, which nobody owns. */
export const identityFields: readonly string[] = ['apiVersion', 'kind'];
export const identityMetadata: readonly string[] = [
  'name',
  'namespace',
  'creationTimestamp',
  'selfLink',
  'uid',
  'clusterName',
  'generation',
  'managedFields',
  'resourceVersion',
];

const identity: FieldSet = setOf([
  ...identityFields.map((name) => [`f:${name}`]),
  ['f:metadata'],
  ...identityMetadata.map((name) => ['f:metadata', `f:${name}`]),
]);

/** A set without the fields that make the object what it is: nobody owns those. */
export function withoutIdentity(fields: FieldSet): FieldSet {
  return difference(fields, identity);
}

/** An owner and those of its fields that a write sets to something else. */
export interface Contested {
  readonly owner: Owner;
  readonly fields: FieldSet;
}

/** What an apply would take from other owners. Owners of versions no longer served have none. */
export function contestedFields(
  shapes: Shapes,
  served: ServedResource,
  changes: VersionedComparison,
  owners: Owners,
  applier: string,
): Contested[] {
  return [...owners].flatMap(([key, owner]): Contested[] => {
    const view = key === applier ? undefined : viewNamed(shapes, served, owner.apiVersion);
    if (view === undefined) return [];
    const { modified, added } = changes.in(view);
    const fields = union(intersection(owner.fields, modified), intersection(owner.fields, added));
    return isEmptySet(fields) ? [] : [{ owner, fields }];
  });
}

/** The owners after a write: who lost everything is gone. `except` keeps its fields. */
export function settleOwners(
  shapes: Shapes,
  served: ServedResource,
  changes: VersionedComparison,
  owners: Owners,
  except?: string,
): Map<string, Owner> {
  const after = new Map<string, Owner>();
  for (const [key, owner] of owners) {
    if (key === except) {
      after.set(key, owner);
      continue;
    }
    const view = viewNamed(shapes, served, owner.apiVersion);
    if (view === undefined) continue;
    const fields = without(owner.fields, changes.in(view));
    if (fields === owner.fields) after.set(key, owner);
    else if (!isEmptySet(fields)) after.set(key, { ...owner, fields });
  }
  return after;
}

function without(fields: FieldSet, { modified, added, removed }: Comparison): FieldSet {
  return difference(difference(difference(fields, modified), added), removed);
}
