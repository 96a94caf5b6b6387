// The row of an event in `kubectl get events`.
import type { CoreEvent } from '../../objects.ts';
import { ageSince } from '../human-duration.ts';
import { column, nameCell, nameColumn, wideColumn } from '../printer-column.ts';
import type { TableShape } from '../resource.ts';

function firstSeen(event: CoreEvent, nowMs: number): string {
  return ageSince(event.firstTimestamp ?? event.eventTime, nowMs);
}

function lastSeen(event: CoreEvent, nowMs: number): string {
  if (event.series) return ageSince(event.series.lastObservedTime, nowMs);
  if (event.lastTimestamp) return ageSince(event.lastTimestamp, nowMs);
  return firstSeen(event, nowMs);
}

function sourceCell(event: CoreEvent): string {
  const component = event.source?.component || event.reportingComponent || '';
  const host = event.source?.host || event.reportingInstance || '';
  return host === '' ? component : `${component}, ${host}`;
}

function objectCell({ involvedObject }: CoreEvent): string {
  const kind = (involvedObject?.kind ?? '').toLowerCase();
  return involvedObject?.name ? `${kind}/${involvedObject.name}` : kind;
}

export const eventTable: TableShape<CoreEvent> = {
  columns: [
    column('Last Seen', 'The time at which the most recent occurrence of this event was recorded.'),
    column('Type', 'Type of this event (Normal, Warning), new types could be added in the future'),
    column(
      'Reason',
      'This should be a short, machine understandable string that gives the reason for the ' +
        "transition into the object's current status.",
    ),
    column('Object', 'The object that this event is about.'),
    wideColumn(
      'Subobject',
      'If referring to a piece of an object instead of an entire object, this string should ' +
        'contain a valid JSON/Go field access statement, such as ' +
        'desiredState.manifest.containers[2]. For example, if the object reference is to a ' +
        'container within a pod, this would take on a value like: "spec.containers{name}" (where ' +
        '"name" refers to the name of the container that triggered the event) or if no container ' +
        'name is specified "spec.containers[2]" (container with index 2 in this pod). This syntax ' +
        'is chosen only to have some well-defined way of referencing a part of an object.',
    ),
    wideColumn(
      'Source',
      'The component reporting this event. Should be a short machine ' + 'understandable string.',
    ),
    column('Message', 'A human-readable description of the status of this operation.'),
    wideColumn(
      'First Seen',
      'The time at which the event was first recorded. (Time of server ' +
        'receipt is in TypeMeta.)',
    ),
    wideColumn('Count', 'The number of times this event has occurred.'),
    { ...nameColumn, priority: 1 },
  ],
  cells: (event, nowMs) => [
    lastSeen(event, nowMs),
    event.type ?? '',
    event.reason ?? '',
    objectCell(event),
    event.involvedObject?.fieldPath ?? '',
    sourceCell(event),
    (event.message ?? '').trim(),
    firstSeen(event, nowMs),
    event.series?.count ?? (event.count || 1),
    nameCell(event),
  ],
};
