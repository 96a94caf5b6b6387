// The rules for resourceVersion, resourceVersionMatch, continue and sendInitialEvents.
import { badRequest, invalid, unexplained } from '../../status.ts';
import {
  type FieldError,
  FieldPath,
  forbiddenField,
  invalidValue,
  notSupported,
} from '../field.ts';

const matchPath = FieldPath.of('resourceVersionMatch');
const initialPath = FieldPath.of('sendInitialEvents');

/** What a client may send with a list or a watch; empty strings where it said nothing. */
export interface VersionOptions {
  readonly resourceVersion: string;
  readonly resourceVersionMatch: string;
  readonly continue: string;
  readonly sendInitialEvents?: boolean | undefined;
}

function refuseAll(errors: readonly FieldError[]): void {
  if (errors.length > 0) throw invalid({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', errors);
}

/** @throws StatusError 422, as apimachinery's ValidateListOptions */
export function checkListOptions(options: VersionOptions): void {
  const { resourceVersion, resourceVersionMatch: match } = options;
  const errors: FieldError[] = [];
  if (match !== '') {
    if (resourceVersion === '') {
      const why = 'resourceVersionMatch is forbidden unless resourceVersion is provided';
      errors.push(forbiddenField(matchPath, why));
    }
    if (options.continue !== '') {
      const why = 'resourceVersionMatch is forbidden when continue is provided';
      errors.push(forbiddenField(matchPath, why));
    }
    if (match !== 'Exact' && match !== 'NotOlderThan') {
      errors.push(notSupported(matchPath, match, ['Exact', 'NotOlderThan', '']));
    }
    if (match === 'Exact' && resourceVersion === '0') {
      const why = 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"';
      errors.push(forbiddenField(matchPath, why));
    }
  }
  if (options.sendInitialEvents !== undefined) {
    errors.push(forbiddenField(initialPath, 'sendInitialEvents is forbidden for list'));
  }
  refuseAll(errors);
}

/**
 * A watch from no revision in particular asks for the initial events as if it had said so, and
 * with bookmarks gets the one that ends them (upstream's SetListOptionsDefaults, WatchList).
 */
export function watchDefaults<T extends VersionOptions>(options: T): T {
  const { resourceVersion, resourceVersionMatch: match, sendInitialEvents } = options;
  if (sendInitialEvents !== undefined || match !== '') return options;
  if (resourceVersion !== '' && resourceVersion !== '0') return options;
  return { ...options, sendInitialEvents: true, resourceVersionMatch: 'NotOlderThan' };
}

/** @throws StatusError 422, as apimachinery's validateWatchOptions */
export function checkWatchOptions(options: VersionOptions): void {
  const { resourceVersionMatch: match, sendInitialEvents } = options;
  const errors: FieldError[] = [];
  if (sendInitialEvents !== undefined && match !== 'NotOlderThan') {
    const why = 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan';
    errors.push(forbiddenField(matchPath, why));
  }
  if (match !== '') {
    if (sendInitialEvents === undefined) {
      const why =
        'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided';
      errors.push(forbiddenField(matchPath, why));
    }
    if (match !== 'NotOlderThan') errors.push(notSupported(matchPath, match, ['NotOlderThan']));
  }
  // Without a resourceVersion upstream fills in a match, and then minds it.
  const fresh = options.resourceVersion === '' || options.resourceVersion === '0';
  if (options.continue !== '' && (match !== '' || (fresh && sendInitialEvents === undefined))) {
    const why = 'resourceVersionMatch is forbidden when continue is provided';
    errors.push(forbiddenField(matchPath, why));
  }
  refuseAll(errors);
}

function parseRevision(text: string): number | FieldError {
  const path = FieldPath.of('resourceVersion');
  if (!/^\d+$/.test(text)) {
    const why = `strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`;
    return invalidValue(path, text, why);
  }
  const revision = Number(text);
  if (Number.isSafeInteger(revision)) return revision;
  const why = `strconv.ParseUint: parsing ${JSON.stringify(text)}: value out of range`;
  return invalidValue(path, text, why);
}

/**
 * The revision in a resourceVersion of a list; empty reads as 0.
 *
 * @throws StatusError 400
 */
export function readRevision(text: string): number {
  const revision = text === '' ? 0 : parseRevision(text);
  if (typeof revision === 'number') return revision;
  throw badRequest(`invalid resource version: ${revision.field}: ${revision.message}`);
}

/**
 * The same for a get or a watch, where upstream's error has no status of its own.
 *
 * @throws StatusError 500
 */
export function plainRevision(text: string): number {
  const revision = text === '' ? 0 : parseRevision(text);
  if (typeof revision === 'number') return revision;
  throw unexplained(`${revision.field}: ${revision.message}`);
}
