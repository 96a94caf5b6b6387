// Columns that the tables of many kinds share, and a short way to write the others.
import type { KubernetesObject, LabelSelector } from '../objects.ts';
import { formatLabelSelector, labelSelectorRequirements } from '../selector.ts';
import { ageSince } from './human-duration.ts';
import type { TableColumn } from './resource.ts';

const nameDescription =
  'Name must be unique within a namespace. Is required when creating resources, although some ' +
  'resources may allow a client to request the generation of an appropriate name automatically. ' +
  'Name is primarily intended for creation idempotence and configuration definition. Cannot be ' +
  'updated. More info: ' +
  'https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names';

const ageDescription =
  'CreationTimestamp is a timestamp representing the server time when this object was created. ' +
  'It is not guaranteed to be set in happens-before order across separate operations. Clients ' +
  'may not set this value. It is represented in RFC3339 form and is in UTC.\n\nPopulated by the ' +
  'system. Read-only. Null for lists. More info: ' +
  'https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata';

/** A column that is always shown. */
export function column(
  name: string,
  description: string,
  type: TableColumn['type'] = 'string',
): TableColumn {
  return { name, type, description, priority: 0 };
}

/** A column of `-o wide`. */
export function wideColumn(
  name: string,
  description: string,
  type: TableColumn['type'] = 'string',
): TableColumn {
  return { name, type, description, priority: 1 };
}

export const nameColumn: TableColumn = {
  name: 'Name',
  type: 'string',
  format: 'name',
  description: nameDescription,
  priority: 0,
};

export const ageColumn: TableColumn = column('Age', ageDescription);

export const createdAtColumn: TableColumn = column('Created At', ageDescription, 'date');

export function nameCell(object: KubernetesObject): string {
  return object.metadata?.name ?? '';
}

export function ageCell(object: KubernetesObject, nowMs: number): string {
  return ageSince(object.metadata?.creationTimestamp, nowMs);
}

/** Labels in one cell: `a=b,c=d`, or `<none>`. */
export function labelsCell(labels: Readonly<Record<string, string>> | undefined): string {
  const entries = Object.entries(labels ?? {});
  if (entries.length === 0) return '<none>';
  return entries
    .map(([key, value]) => `${key}=${value}`)
    .sort()
    .join(',');
}

/** A selector as kubectl prints it; `<none>` when it selects everything, as in workloads' tables. */
export function selectorCell(selector: LabelSelector | undefined): string {
  const text = selectorText(selector);
  return text === '' ? '<none>' : text;
}

/** A LabelSelector in its string form: `app=web,tier in (a,b),!old`, sorted by key. */
export function selectorText(selector: LabelSelector | undefined): string {
  return selector ? formatLabelSelector(labelSelectorRequirements(selector)) : '';
}
