// Events: the object they are about lives where they do; the newer API is stricter.
import { isDeepStrictEqual } from 'node:util';
import type { CoreEvent } from '../../objects.ts';
import { type FieldError, FieldPath, invalidValue, required } from '../field.ts';
import { validateDns1123Subdomain, validateQualifiedName } from '../metadata/names.ts';
import { invalidEach } from '../metadata/object-meta.ts';

const root = FieldPath.root;
const nameMax = 128;
const noteMax = 1024;

/** Events about cluster-scoped objects live in `default` or, for some, kube-system. */
function validateNamespace(event: CoreEvent): FieldError[] {
  const path = root.child('involvedObject', 'namespace');
  const own = event.metadata?.namespace ?? '';
  const involved = event.involvedObject?.namespace ?? '';
  if (involved === '') {
    if (own === 'default' || own === 'kube-system') return [];
  } else if (own === involved) {
    return [];
  }
  return [invalidValue(path, involved, 'does not match event.namespace')];
}

/** What events.k8s.io writers must give; an event with an eventTime is one of theirs. */
function validateModern(event: CoreEvent): FieldError[] {
  const errors: FieldError[] = [];
  const controller = event.reportingComponent ?? '';
  const controllerPath = root.child('reportingController');
  if (controller === '') errors.push(required(controllerPath));
  errors.push(...invalidEach(controllerPath, controller, validateQualifiedName(controller)));
  errors.push(...validateText(event.reportingInstance, 'reportingInstance', nameMax));
  errors.push(...validateText(event.action, 'action', nameMax));
  errors.push(...validateText(event.reason, 'reason', nameMax));
  if ((event.message ?? '').length > noteMax) {
    errors.push(invalidValue(root.child('message'), '', `can have at most ${noteMax} characters`));
  }
  if (event.type !== 'Normal' && event.type !== 'Warning') {
    errors.push(invalidValue(root.child('type'), '', `has invalid value: ${event.type ?? ''}`));
  }
  return errors;
}

function validateText(text: string | undefined, name: string, max: number): FieldError[] {
  const path = root.child(name);
  if (!text) return [required(path)];
  if (text.length <= max) return [];
  return [invalidValue(path, '', `can have at most ${max} characters`)];
}

export function validateEvent(event: CoreEvent): FieldError[] {
  const errors = validateNamespace(event);
  if (event.eventTime) errors.push(...validateModern(event));
  const namespace = event.metadata?.namespace ?? '';
  const path = root.child('metadata', 'namespace');
  errors.push(...invalidEach(path, namespace, validateDns1123Subdomain(namespace)));
  return errors;
}

/** A modern event is a record: only its series goes on. */
export function validateEventUpdate(next: CoreEvent, old: CoreEvent): FieldError[] {
  if (!next.eventTime && !old.eventTime) return [];
  const fields = [
    'involvedObject',
    'reason',
    'message',
    'source',
    'firstTimestamp',
    'lastTimestamp',
    'count',
    'reportingComponent',
    'reportingInstance',
    'action',
    'eventTime',
    'related',
    'type',
  ] as const;
  return fields.flatMap((field) =>
    isDeepStrictEqual(next[field], old[field])
      ? []
      : [invalidValue(root.child(field), next[field], 'field is immutable')],
  );
}
