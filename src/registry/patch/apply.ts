// Server-side apply of one configuration: merge, prune what it no longer says, find conflicts.
import { unexplained } from '../../status.ts';
import type { ServedResource } from '../engine/types.ts';
import type { ApiObject } from '../resource.ts';
import { type Decode, DecodeError } from '../schema/decode.ts';
import { isSame } from './compare.ts';
import { configurationProblems } from './configuration.ts';
import { type Conflict, conflictError, conflictsOf } from './conflicts.ts';
import {
  below,
  difference,
  type FieldSet,
  hasElement,
  intersection,
  isEmptySet,
  recursiveDifference,
  union,
} from './field-set.ts';
import { copyLastApplied, unchangedSinceLastApplied } from './last-applied.ts';
import { identityOf, type Owner, type Owners } from './managed-fields.ts';
import { contestedFields, settleOwners, withoutIdentity } from './settle.ts';
import type { Shapes } from './shape.ts';
import { fieldSetOf, mergeValues, removePaths, withNamedFields } from './typed.ts';
import { convert, VersionedComparison, type VersionView, viewNamed } from './versions.ts';

/** The manager whose server-side apply carries on what its client-side apply began. */
const clientSideManager = 'kubectl';

/** Everything about one apply but the owners it finds. */
export interface Apply {
  readonly shapes: Shapes;
  readonly served: ServedResource;
  readonly view: VersionView;
  readonly decode: Decode;
  /** Paths that the request's door does not own. */
  readonly ignored: FieldSet;
  /** Who applies; its fields come from the configuration. */
  readonly owner: Owner;
  /** Without managedFields; an empty object when it is to be created. */
  readonly live: ApiObject;
  readonly configuration: ApiObject;
  readonly force: boolean;
  readonly now: string;
}

export interface Applied {
  /** Canonical, fresh, without managedFields. */
  readonly object: ApiObject;
  readonly owners: Owners;
}

/** @throws StatusError for configurations that do not fit their type, and for conflicts */
export function applyConfiguration(request: Apply, owners: Owners): Applied {
  const { view, configuration, live, owner } = request;
  const problems = configurationProblems(view.shape, configuration);
  if (problems.length > 0) {
    const lines = problems.length === 1 ? problems.join() : `errors:\n  ${problems.join('\n  ')}`;
    throw unexplained(`failed to create typed patch object (${nameOf(request)}): ${lines}`);
  }
  const set = recursiveDifference(fieldSetOf(view.shape, configuration), request.ignored);
  const applier = identityOf(owner);
  const claimed = new Map(owners).set(applier, { ...owner, fields: set });
  const merged = mergeValues(view.shape, live, configuration) as ApiObject;
  const pruned = prune(request, merged, claimed, owners.get(applier));
  const object = decoded(request, pruned);
  const changes = new VersionedComparison(view, live, pruned, request.ignored);
  if (!request.force) {
    const conflicts = refused(
      request,
      conflictsOf(contestedFields(request.shapes, request.served, changes, claimed, applier)),
    );
    if (conflicts.length > 0) throw conflictError(conflicts);
  }
  const after = settleOwners(request.shapes, request.served, changes, claimed, applier);
  const fields = withoutIdentity(set);
  const last = owners.get(applier);
  // Upstream tells the time only of applies that change the object, not of those that own more.
  const time = isSame(changes.in(view)) ? last?.time : request.now;
  if (isEmptySet(fields)) after.delete(applier);
  else after.set(applier, { ...owner, fields, time });
  if (owner.manager === clientSideManager) copyLastApplied(object, configuration);
  return { object, owners: after };
}

/** `default/web; apps/v1, Kind=Deployment`, as upstream names an object in these errors. */
function nameOf({ configuration, served }: Apply): string {
  // A name of another type is no name, as Go's unstructured objects have it.
  const text = (value: unknown) => (typeof value === 'string' ? value : '');
  const { name, namespace } = configuration.metadata;
  const { group, version, resource } = served;
  return `${text(namespace)}/${text(name)}; ${group}/${version.version}, Kind=${resource.kind}`;
}

function decoded(request: Apply, value: ApiObject): ApiObject {
  try {
    return request.decode(request.view.version.schema, { value }).object;
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw unexplained(
      `failed to convert new typed object (${nameOf(request)}) to object: ${error.message}`,
    );
  }
}

/** The conflicts that stay when fields which kubectl's client-side apply set are its own. */
function refused(request: Apply, conflicts: Conflict[]): Conflict[] {
  if (conflicts.length === 0 || request.owner.manager !== clientSideManager) return conflicts;
  const allowed = unchangedSinceLastApplied(request.view, request.live);
  return conflicts.filter(({ path }) => !holds(allowed, path));
}

function holds(set: FieldSet, path: readonly string[]): boolean {
  const [first = '', ...rest] = path;
  return rest.length === 0 ? hasElement(set, first) : holds(below(set, first), rest);
}

/** Removes what the applier set last time and no longer does, unless another owner has it. */
function prune(
  request: Apply,
  merged: ApiObject,
  owners: Owners,
  last: Owner | undefined,
): ApiObject {
  if (last === undefined || isEmptySet(last.fields)) return merged;
  const { shapes, served, view } = request;
  const then = viewNamed(shapes, served, last.apiVersion);
  if (then === undefined) return merged;
  const mergedThen = convert(merged, view, then);
  const lastFields = withNamedFields(then.shape, last.fields);
  let pruned = removePaths(then.shape, mergedThen, lastFields) as ApiObject;
  pruned = addBackOwned(request, mergedThen, pruned, then, owners);
  const mergedSet = withNamedFields(then.shape, fieldSetOf(then.shape, mergedThen));
  const prunedSet = withNamedFields(then.shape, fieldSetOf(then.shape, pruned));
  const gone = intersection(difference(mergedSet, prunedSet), lastFields);
  return convert(removePaths(then.shape, mergedThen, gone) as ApiObject, then, view);
}

/** Restores what pruning took but an owner, in whatever version, still claims. */
function addBackOwned(
  { shapes, served }: Apply,
  merged: ApiObject,
  pruned: ApiObject,
  then: VersionView,
  owners: Owners,
): ApiObject {
  const claimed = new Map<string, FieldSet>([[then.apiVersion, {}]]);
  for (const { apiVersion, fields } of owners.values()) {
    claimed.set(apiVersion, union(claimed.get(apiVersion) ?? {}, fields));
  }
  let kept = pruned;
  for (const [apiVersion, fields] of claimed) {
    const view = viewNamed(shapes, served, apiVersion);
    if (view === undefined) continue;
    const whole = convert(merged, then, view);
    const named = (set: FieldSet) => withNamedFields(view.shape, set);
    const all = named(fieldSetOf(view.shape, whole));
    const left = named(fieldSetOf(view.shape, convert(kept, then, view)));
    const gone = difference(all, union(left, named(fields)));
    kept = convert(removePaths(view.shape, whole, gone) as ApiObject, view, then);
  }
  return kept;
}
