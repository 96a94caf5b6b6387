// Events: the object they are about lives where they do; the newer API is stricter.
import { isDeepStrictEqual } from 'node:util';
import type { CoreEvent } from '../../objects.ts';
import { type FieldError, FieldPath, invalidValue, required } from '../field.ts';
import { validateDns1123Subdomain, validateQualifiedName } from '../metadata/names.ts';
import { invalidEach } from '../metadata/object-meta.ts';
import type { HookContext } from '../resource.ts';

const root = FieldPath.root;
const nameMax = 128;
const noteMax = 1024;

/** The object must live where the event does; events about cluster-scoped ones in `default`. */
function validateNamespace(event: CoreEvent): FieldError[] {
  const path = root.child('involvedObject', 'namespace');
  const own = event.metadata?.namespace ?? '';
  const involved = event.involvedObject?.namespace ?? '';
  const modern = Boolean(event.eventTime);
  const atHome = own === 'default' || (modern && own === 'kube-system');
  const fits = involved === '' ? atHome : modern || own === involved;
  return fits ? [] : [invalidValue(path, involved, 'does not match event.namespace')];
}

/** What writers with an eventTime must give, whatever the version. */
function validateModern(event: CoreEvent, hooks: Pick<HookContext, 'group'>): FieldError[] {
  const errors: FieldError[] = [];
  const controller = event.reportingComponent ?? '';
  const name = hooks.group === '' ? 'reportingComponent' : 'reportingController';
  const controllerPath = root.child(name);
  if (controller === '') errors.push(required(controllerPath));
  errors.push(...invalidEach(controllerPath, controller, validateQualifiedName(controller)));
  errors.push(...validateText(event.reportingInstance, 'reportingInstance', nameMax));
  errors.push(...validateText(event.action, 'action', nameMax));
  errors.push(...validateText(event.reason, 'reason', nameMax));
  if ((event.message ?? '').length > noteMax) {
    errors.push(invalidValue(root.child('message'), '', `can have at most ${noteMax} characters`));
  }
  return errors;
}

/** What events.k8s.io asks for on top; core/v1 lets everything else through for old clients. */
function validateStrictly(event: CoreEvent): FieldError[] {
  const { name = '' } = event.metadata ?? {};
  const errors = invalidEach(root.child('metadata', 'name'), name, validateDns1123Subdomain(name));
  errors.push(...validateSeries(event));
  if (!event.eventTime) errors.push(required(root.child('eventTime')));
  if (event.type !== 'Normal' && event.type !== 'Warning') {
    errors.push(invalidValue(root.child('type'), '', `has invalid value: ${event.type ?? ''}`));
  }
  for (const field of ['firstTimestamp', 'lastTimestamp', 'count'] as const) {
    if (event[field]) errors.push(invalidValue(root.child(field), '', 'needs to be unset'));
  }
  if (event.source?.component || event.source?.host) {
    errors.push(invalidValue(root.child('source'), '', 'needs to be unset'));
  }
  return errors;
}

function validateSeries({ series }: CoreEvent): FieldError[] {
  if (!series) return [];
  const errors: FieldError[] = [];
  if ((series.count ?? 0) < 2) {
    errors.push(invalidValue(root.child('series.count'), '', 'should be at least 2'));
  }
  if (!series.lastObservedTime) errors.push(required(root.child('series.lastObservedTime')));
  return errors;
}

function validateText(text: string | undefined, name: string, max: number): FieldError[] {
  const path = root.child(name);
  if (!text) return [required(path)];
  if (text.length <= max) return [];
  return [invalidValue(path, '', `can have at most ${max} characters`)];
}

export function validateEvent(
  event: CoreEvent,
  hooks: Pick<HookContext, 'group'>,
  old?: CoreEvent,
): FieldError[] {
  const errors = validateNamespace(event);
  if (event.eventTime) errors.push(...validateModern(event, hooks));
  if (hooks.group !== '' && old === undefined) errors.push(...validateStrictly(event));
  const namespace = event.metadata?.namespace ?? '';
  const path = root.child('metadata', 'namespace');
  errors.push(...invalidEach(path, namespace, validateDns1123Subdomain(namespace)));
  return errors;
}

/** Through events.k8s.io an event is a record: only its series goes on. */
export function validateEventUpdate(
  next: CoreEvent,
  old: CoreEvent,
  hooks: Pick<HookContext, 'group'>,
): FieldError[] {
  if (hooks.group === '') return [];
  const series = isDeepStrictEqual(next.series, old.series) ? [] : validateSeries(next);
  const fields = [
    'involvedObject',
    'reason',
    'message',
    'source',
    'firstTimestamp',
    'lastTimestamp',
    'count',
    'type',
    'eventTime',
    'action',
    'related',
    'reportingComponent',
    'reportingInstance',
  ] as const;
  const changed = fields
    .filter((field) => !isDeepStrictEqual(next[field], old[field]))
    .map((field) => {
      const path = root.child(field === 'reportingComponent' ? 'reportingController' : field);
      return invalidValue(path, next[field], 'field is immutable');
    });
  return [...series, ...changed];
}
