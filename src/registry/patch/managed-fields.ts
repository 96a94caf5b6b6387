// metadata.managedFields: who owns which fields, read from entries, changed, and written back.
import type { ManagedFieldsEntry } from '../../objects.ts';
import { type FieldSet, isEmptySet, union } from './field-set.ts';
import { ordered, readFieldsV1 } from './fields-v1.ts';

/** Update entries beyond this many are merged into buckets, the oldest first. */
export const updateOwnersMax = 10;
const bucketManager = 'ancient-changes';

/** One owner: a manager through one operation, version (updates only) and subresource. */
export interface Owner {
  readonly manager: string;
  readonly applies: boolean;
  readonly apiVersion: string;
  readonly subresource: string;
  readonly time: string | undefined;
  readonly fields: FieldSet;
}

/** Owners by identity; never changed, only replaced. */
export type Owners = ReadonlyMap<string, Owner>;

/** Entries that cannot be understood; upstream then falls back on the live object's. */
export class ManagedFieldsError extends Error {}

type Identity = Pick<Owner, 'manager' | 'applies' | 'apiVersion' | 'subresource'>;

/** An applier stays the same one whatever version it applies in. */
export function identityOf({ manager, applies, apiVersion, subresource }: Identity): string {
  const operation = applies ? 'Apply' : 'Update';
  return JSON.stringify([manager, operation, applies ? '' : apiVersion, subresource]);
}

/**
 * Reads entries.
 *
 * @param trusted they come from storage, so their fields are known to be in canonical form
 * @throws ManagedFieldsError or FieldsV1Error
 */
export function readOwners(
  entries: readonly ManagedFieldsEntry[] | undefined,
  trusted: boolean,
): Map<string, Owner> {
  const owners = new Map<string, Owner>();
  for (const [index, entry] of (entries ?? []).entries()) {
    const { manager = '', operation, apiVersion = '', fieldsType = '', subresource = '' } = entry;
    if (operation !== 'Apply' && operation !== 'Update') {
      throw new ManagedFieldsError('operation must be `Apply` or `Update`');
    }
    if (apiVersion === '') throw new ManagedFieldsError('apiVersion must not be empty');
    if (fieldsType !== 'FieldsV1') {
      throw new ManagedFieldsError(`invalid fieldsType in managed fields entry ${index}`);
    }
    const raw: unknown = entry.fieldsV1 ?? {};
    const fields = trusted ? (raw as FieldSet) : readFieldsV1(raw);
    const applies = operation === 'Apply';
    const owner = { manager, applies, apiVersion, subresource, time: entry.time, fields };
    owners.set(identityOf(owner), owner);
  }
  return owners;
}

/** Whether a client asks to forget all owners: `[]` or `[{}]`. */
export function resetsOwners(entries: readonly ManagedFieldsEntry[] | undefined): boolean {
  if (entries === undefined || entries.length > 1) return false;
  const [only = {}] = entries;
  return isEmptySet(only as FieldSet);
}

/**
 * Writes entries in upstream's order: applies first, then by time and name.
 *
 * @param before owners whose entries were in canonical form, so that those are not sorted again
 */
export function writeOwners(owners: Owners, before: Owners): ManagedFieldsEntry[] {
  const known = new Set([...before.values()].map(({ fields }) => fields));
  return [...owners.values()].sort(compareOwners).map((owner) => {
    const { manager, applies, apiVersion, subresource, time, fields } = owner;
    return {
      ...(manager === '' ? {} : { manager }),
      operation: applies ? 'Apply' : 'Update',
      apiVersion,
      ...(time === undefined ? {} : { time }),
      fieldsType: 'FieldsV1',
      fieldsV1: known.has(fields) ? fields : ordered(fields),
      ...(subresource === '' ? {} : { subresource }),
    };
  });
}

function compareOwners(a: Owner, b: Owner): number {
  if (a.applies !== b.applies) return a.applies ? -1 : 1;
  return (
    compareTexts(a.time ?? '', b.time ?? '') ||
    compareTexts(a.manager, b.manager) ||
    compareTexts(a.apiVersion, b.apiVersion) ||
    compareTexts(a.subresource, b.subresource)
  );
}

function compareTexts(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

/** Merges the oldest update entries into one bucket per version until few enough are left. */
export function capUpdateOwners(owners: Map<string, Owner>): void {
  const updaters = [...owners].filter(([, owner]) => !owner.applies);
  let left = updaters.length;
  if (left <= updateOwnersMax) return;
  updaters.sort(
    ([a, one], [b, other]) => compareTexts(one.time ?? '', other.time ?? '') || compareTexts(a, b),
  );
  const firstOfVersion = new Map<string, string>();
  for (const [identity, owner] of updaters) {
    if (left <= updateOwnersMax) return;
    const { apiVersion } = owner;
    const first = firstOfVersion.get(apiVersion);
    if (first === undefined) {
      firstOfVersion.set(apiVersion, identity);
      continue;
    }
    const bucket = { manager: bucketManager, applies: false, apiVersion, subresource: '' };
    const key = identityOf(bucket);
    const held = owners.get(key) ?? owners.get(first);
    if (!owners.has(key)) owners.delete(first);
    owners.delete(identity);
    const fields = union(owner.fields, held?.fields ?? {});
    owners.set(key, { ...bucket, time: owner.time, fields });
    left -= 1;
  }
}
