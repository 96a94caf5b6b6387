// JSON merge patch, RFC 7386.
import { copyJson, defineOwn, fieldOf, isJsonObject } from './json.ts';

/** `target` with `patch` merged in; neither is changed. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isJsonObject(patch)) return copyJson(patch);
  const merged: Record<string, unknown> = isJsonObject(target) ? { ...target } : {};
  for (const [name, change] of Object.entries(patch)) {
    if (change === null) delete merged[name];
    else defineOwn(merged, name, mergePatch(fieldOf(merged, name), change));
  }
  return merged;
}
