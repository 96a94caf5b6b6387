// Event: what happened to an object, told once and kept an hour; stored as core/v1.
import type { CoreEvent, Event } from '../../objects.ts';
import { validatePathSegmentName } from '../metadata/names.ts';
import { defineResource, type ResourceVersion } from '../resource.ts';
import { eventFromStorage, eventToStorage } from './conversion.ts';
import { eventTable } from './event-table.ts';
import { validateEvent, validateEventUpdate } from './event-validation.ts';

const hourMs = 3_600_000;

type ObjectField = keyof NonNullable<CoreEvent['involvedObject']>;

const objectFields: readonly ObjectField[] = [
  'kind',
  'namespace',
  'name',
  'uid',
  'apiVersion',
  'resourceVersion',
  'fieldPath',
];

/** Selectors of both groups: core names the object `involvedObject`, the other `regarding`. */
function selectableFields(): Record<string, (event: CoreEvent) => string> {
  const fields: Record<string, (event: CoreEvent) => string> = {
    reason: (event) => event.reason ?? '',
    reportingComponent: (event) => event.reportingComponent ?? '',
    reportingController: (event) => event.reportingComponent ?? '',
    // Old clients select by the source, which newer events leave empty.
    source: (event) => event.source?.component || event.reportingComponent || '',
    type: (event) => event.type ?? '',
  };
  for (const field of objectFields) {
    const select = (event: CoreEvent) => event.involvedObject?.[field] ?? '';
    fields[`involvedObject.${field}`] = select;
    fields[`regarding.${field}`] = select;
  }
  return fields;
}

// The engine converts before any hook runs, so hooks see the stored face whatever was served.
const eventsVersion: ResourceVersion<Event> = {
  version: 'v1',
  schema: 'io.k8s.api.events.v1.Event',
  toStorage: (event) => eventToStorage(event) as unknown as Event,
  fromStorage: (stored) => eventFromStorage(stored as unknown as CoreEvent),
};

export const eventResource = defineResource<CoreEvent>({
  kind: 'Event',
  plural: 'events',
  singular: 'event',
  shortNames: ['ev'],
  namespaced: true,
  groups: [
    { group: '', versions: [{ version: 'v1', schema: 'io.k8s.api.core.v1.Event' }] },
    {
      group: 'events.k8s.io',
      versions: [eventsVersion as unknown as ResourceVersion<CoreEvent>],
    },
  ],
  selectableFields: selectableFields(),
  hasGeneration: false,
  createOnUpdate: true,
  ttlMs: () => hourMs,
  validateName: validatePathSegmentName,
  validate: validateEvent,
  validateUpdate: validateEventUpdate,
  table: eventTable,
});
