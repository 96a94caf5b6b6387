// kubectl's last-applied annotation, by which client-side apply passes on to server-side apply.
import { isJsonObject } from '../engine/json.ts';
import type { ApiObject } from '../resource.ts';
import { fromJson, toJson } from '../schema/json.ts';
import { compare } from './compare.ts';
import { difference, emptySet, type FieldSet } from './field-set.ts';
import { fieldSetOf } from './typed.ts';
import type { VersionView } from './versions.ts';

export const lastAppliedAnnotation = 'kubectl.kubernetes.io/last-applied-configuration';

/** What kubectl applied last and is still so: fields that its server-side apply may take over. */
export function unchangedSinceLastApplied(view: VersionView, live: ApiObject): FieldSet {
  const text = live.metadata.annotations?.[lastAppliedAnnotation];
  if (text === undefined || text === '') return emptySet;
  const last = parsed(text);
  if (!isJsonObject(last) || last.apiVersion !== view.apiVersion) return emptySet;
  const { modified, added, removed } = compare(view.shape, last, live);
  const set = fieldSetOf(view.shape, last);
  return difference(difference(difference(set, modified), added), removed);
}

function parsed(text: string): unknown {
  try {
    return fromJson(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Keeps an existing annotation in step with what kubectl applies, for a way back. */
export function copyLastApplied(object: ApiObject, configuration: ApiObject): void {
  const { annotations } = object.metadata;
  if ((annotations?.[lastAppliedAnnotation] ?? '') === '' || annotations === undefined) return;
  annotations[lastAppliedAnnotation] = `${toJson(sorted(withoutAnnotation(configuration)))}\n`;
}

function withoutAnnotation(configuration: ApiObject): ApiObject {
  const { annotations } = configuration.metadata;
  if (annotations === undefined) return configuration;
  const { [lastAppliedAnnotation]: _, ...rest } = annotations;
  return { ...configuration, metadata: { ...configuration.metadata, annotations: rest } };
}

/** Go writes maps with sorted keys. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isJsonObject(value)) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, child]) => [key, sorted(child)]));
}
