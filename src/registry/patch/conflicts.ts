// Apply conflicts: which paths other managers own, and the Status that says so in upstream's words.
import { applyConflict, type StatusError } from '../../status.ts';
import { type FieldSet, isEmptySet } from './field-set.ts';
import { forEachPath, pathText } from './fields-v1.ts';
import { identityOf, type Owner } from './managed-fields.ts';

export interface Conflict {
  readonly owner: Owner;
  readonly path: readonly string[];
}

/** One conflict per path, ordered by owner and path. */
export function conflictsOf(
  contested: readonly { readonly owner: Owner; readonly fields: FieldSet }[],
): Conflict[] {
  const conflicts: Conflict[] = [];
  const sorted = [...contested].sort((a, b) =>
    identityOf(a.owner) < identityOf(b.owner) ? -1 : 1,
  );
  for (const { owner, fields } of sorted) {
    if (isEmptySet(fields)) continue;
    forEachPath(fields, (path) => void conflicts.push({ owner, path }));
  }
  return conflicts;
}

/** The 409 that lists every conflict. */
export function conflictError(conflicts: readonly Conflict[]): StatusError {
  const causes = conflicts.map(({ owner, path }) => ({
    reason: 'FieldManagerConflict',
    message: `conflict with ${ownerText(owner)}`,
    field: pathText(path),
  }));
  const [first] = conflicts;
  if (conflicts.length === 1 && first !== undefined) {
    const what = `conflict with ${ownerText(first.owner)}: ${pathText(first.path)}`;
    return applyConflict(`Apply failed with 1 conflict: ${what}`, causes);
  }
  const byOwner = new Map<string, string[]>();
  for (const { owner, path } of conflicts) {
    const text = ownerText(owner);
    const lines = byOwner.get(text) ?? [];
    lines.push(`- ${pathText(path)}`);
    byOwner.set(text, lines);
  }
  const lines = [...byOwner].flatMap(([owner, paths]) => [`conflicts with ${owner}:`, ...paths]);
  return applyConflict(
    `Apply failed with ${conflicts.length} conflicts: ${lines.join('\n')}`,
    causes,
  );
}

/** `"kubectl" with subresource "status" using apps/v1`; times are no part of a conflict. */
function ownerText({ manager, applies, apiVersion, subresource }: Owner): string {
  const door = subresource === '' ? '' : ` with subresource ${JSON.stringify(subresource)}`;
  const using = applies ? '' : ` using ${apiVersion}`;
  return `${JSON.stringify(manager)}${door}${using}`;
}
