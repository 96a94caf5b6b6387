// Who owns the replicas of a workload, as its scale tells it and as the workload itself does.
// https://github.com/kubernetes/kubernetes/blob/v1.36.3/staging/src/k8s.io/apimachinery/pkg/util/managedfields/scalehandler.go
import type { ManagedFieldsEntry } from '../../objects.ts';
import { below, difference, type FieldSet, hasElement, isEmptySet, setOf } from './field-set.ts';
import { identityOf, type Owner, readOwners, writeOwners } from './managed-fields.ts';

const scaleVersion = 'autoscaling/v1';
const scaleFields = setOf([['f:spec', 'f:replicas']]);

/**
 * Where a version of the workload keeps its replicas (`['spec', 'replicas']`); undefined for
 * versions that do not exist.
 */
export type ReplicasPath = (apiVersion: string) => readonly string[] | undefined;

function elements(path: readonly string[]): string[] {
  return path.map((name) => `f:${name}`);
}

function holds(set: FieldSet, path: readonly string[]): boolean {
  const [first, ...rest] = path;
  if (first === undefined) return false;
  return rest.length === 0 ? hasElement(set, first) : holds(below(set, first), rest);
}

function inScale(owner: Owner): Owner {
  return { ...owner, apiVersion: scaleVersion, fields: scaleFields };
}

/** The managedFields of the scale: of the workload's owners those that own its replicas. */
export function scaleOwners(
  entries: readonly ManagedFieldsEntry[] | undefined,
  replicasPath: ReplicasPath,
): ManagedFieldsEntry[] {
  const owners = new Map<string, Owner>();
  for (const owner of readOwners(entries, true).values()) {
    const path = replicasPath(owner.apiVersion);
    if (path === undefined || !holds(owner.fields, elements(path))) continue;
    const own = inScale(owner);
    owners.set(identityOf(own), own);
  }
  return writeOwners(owners, new Map());
}

/**
 * The managedFields of the workload after a write to its scale: who lost the replicas there loses
 * them here, and who gained them has an entry of its own.
 *
 * @param apiVersion the workload's version that the request came by
 */
export function workloadOwners(
  entries: readonly ManagedFieldsEntry[] | undefined,
  scaleEntries: readonly ManagedFieldsEntry[] | undefined,
  apiVersion: string,
  replicasPath: ReplicasPath,
): ManagedFieldsEntry[] {
  const before = readOwners(entries, true);
  const gained = readOwners(scaleEntries, true);
  const after = new Map<string, Owner>();
  for (const [identity, owner] of before) {
    const path = replicasPath(owner.apiVersion);
    if (path === undefined) continue;
    if (!holds(owner.fields, elements(path)) || gained.delete(identityOf(inScale(owner)))) {
      after.set(identity, owner);
      continue;
    }
    const fields = difference(owner.fields, setOf([elements(path)]));
    if (!isEmptySet(fields)) after.set(identity, { ...owner, fields });
  }
  const path = replicasPath(apiVersion);
  for (const owner of gained.values()) {
    if (path === undefined || !holds(owner.fields, ['f:spec', 'f:replicas'])) continue;
    // Upstream gives these entries no time.
    const own = { ...owner, apiVersion, fields: setOf([elements(path)]), time: undefined };
    after.set(identityOf(own), own);
  }
  return writeOwners(after, before);
}
