// The two faces of an event: core/v1's fields and events.k8s.io/v1's, one stored object.
import type { CoreEvent, Event } from '../../objects.ts';

/** [core/v1 field, events.k8s.io/v1 field] of those that differ by name alone. */
const renamed: readonly (readonly [core: string, events: string])[] = [
  ['involvedObject', 'regarding'],
  ['message', 'note'],
  ['source', 'deprecatedSource'],
  ['firstTimestamp', 'deprecatedFirstTimestamp'],
  ['lastTimestamp', 'deprecatedLastTimestamp'],
  ['count', 'deprecatedCount'],
  ['reportingComponent', 'reportingController'],
];
const toCore = new Map(renamed.map(([core, events]) => [events, core]));
const toEvents = new Map(renamed);

function rename(object: object, names: ReadonlyMap<string, string>): Record<string, unknown> {
  const entries = Object.entries(object).map(([key, value]) => [names.get(key) ?? key, value]);
  return Object.fromEntries(entries);
}

/** events.k8s.io/v1 as it is stored. */
export function eventToStorage(event: Event): CoreEvent {
  const core = rename(event, toCore) as unknown as CoreEvent;
  core.apiVersion = 'v1';
  core.involvedObject ??= {};
  core.source ??= {};
  core.reportingComponent ??= '';
  core.reportingInstance ??= '';
  return core;
}

/** The stored event as events.k8s.io/v1 shows it. */
export function eventFromStorage(event: CoreEvent): Event {
  const shown = rename(event, toEvents) as unknown as Event;
  shown.apiVersion = 'events.k8s.io/v1';
  // Optional there: what core always writes, empty or not, is left out.
  if (shown.reportingController === '') delete shown.reportingController;
  if (shown.reportingInstance === '') delete shown.reportingInstance;
  return shown;
}
