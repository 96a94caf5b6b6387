// Compiles what a client asks to see (namespace, labelSelector, fieldSelector) into a Selection.
import { compileLabelSelector, parseLabelSelector } from '../../selector.ts';
import { badRequest } from '../../status.ts';
import type { Resource } from '../resource.ts';
import type { ObjectHeader, Selection } from './types.ts';

export interface FieldRequirement {
  readonly field: string;
  readonly operator: '=' | '!=';
  readonly value: string;
}

/**
 * Parses `a=b,c!=d`; `\\`, `\,` and `\=` stand for themselves in values.
 *
 * @throws StatusError 400 with the words of apimachinery's `fields.ParseSelector`
 */
export function parseFieldSelector(text: string): readonly FieldRequirement[] {
  const requirements: FieldRequirement[] = [];
  for (const term of splitTerms(text)) {
    if (term === '') continue;
    const operator = findOperator(term);
    if (operator === undefined) {
      throw badRequest(`invalid selector: '${text}'; can't understand '${term}'`);
    }
    const value = unescapeValue(term.slice(operator.at + operator.text.length));
    const field = term.slice(0, operator.at);
    requirements.push({ field, operator: operator.text === '!=' ? '!=' : '=', value });
  }
  return requirements;
}

function splitTerms(text: string): readonly string[] {
  const terms: string[] = [];
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === ',') {
      terms.push(text.slice(start, at));
      start = at + 1;
    }
  }
  terms.push(text.slice(start));
  return terms;
}

function findOperator(term: string): { readonly at: number; readonly text: string } | undefined {
  for (let at = 0; at < term.length; at++) {
    for (const text of ['!=', '==', '=']) {
      if (term.startsWith(text, at)) return { at, text };
    }
  }
  return undefined;
}

function unescapeValue(text: string): string {
  let value = '';
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at);
    if (char === '\\') {
      at++;
      const next = text.charAt(at);
      if (next === '' || !'\\,='.includes(next)) {
        throw badRequest(`invalid field selector: invalid escape sequence: \\${next}`);
      }
      value += next;
    } else if (char === '=') {
      throw badRequest(`invalid field selector: unescaped character in value: ${char}`);
    } else {
      value += char;
    }
  }
  return value;
}

/** What a list or watch of `resource` asks for, as it stands in path and query. */
export interface SelectionRequest {
  /** Empty: all namespaces, or a cluster-scoped resource. */
  readonly namespace: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

type Selectable = Pick<Resource, 'selectableFields' | 'triggerField' | 'unknownFieldMessage'> &
  Partial<Pick<Resource, 'namespaced'>>;

/** @throws StatusError 400 for selectors that cannot be read and fields that cannot be selected */
export function compileSelection(resource: Selectable, request: SelectionRequest): Selection {
  const labels = compileLabelSelector(parseLabelSelector(request.labelSelector ?? ''));
  const terms = parseFieldSelector(request.fieldSelector ?? '');
  for (const { field } of terms) checkField(resource, field);
  // Terms that narrow the walk over keys or the hub's index are still checked on each object.
  const exact = (field: string | undefined) =>
    terms.find((term) => term.field === field && term.operator === '=')?.value;
  const namespace = request.namespace === '' ? exact('metadata.namespace') : request.namespace;
  const name = exact('metadata.name');
  const trigger = resource.triggerField === undefined ? undefined : exact(resource.triggerField);
  return {
    ...(namespace === undefined || namespace === '' ? {} : { namespace }),
    ...(name === undefined ? {} : { name }),
    ...(labels === undefined ? {} : { labels }),
    ...(terms.length === 0 ? {} : { fields: compileTerms(terms) }),
    ...(trigger === undefined ? {} : { trigger }),
  };
}

function checkField(resource: Selectable, field: string): void {
  if (field === 'metadata.name') return;
  // Kinds that name their own fields leave this one out where it makes no sense.
  const known = resource.namespaced !== false || resource.selectableFields === undefined;
  if (field === 'metadata.namespace' && known) return;
  if (resource.selectableFields === undefined) {
    throw badRequest(
      `${JSON.stringify(field)} is not a known field selector: ` +
        'only "metadata.name", "metadata.namespace"',
    );
  }
  if (!Object.hasOwn(resource.selectableFields, field)) {
    const message = resource.unknownFieldMessage?.(field);
    throw badRequest(message ?? `field label not supported: ${field}`);
  }
}

function compileTerms(terms: readonly FieldRequirement[]): (header: ObjectHeader) => boolean {
  return (header) =>
    terms.every(
      ({ field, operator, value }) => (fieldValue(header, field) === value) === (operator === '='),
    );
}

function fieldValue(header: ObjectHeader, field: string): string {
  if (field === 'metadata.name') return header.name;
  if (field === 'metadata.namespace') return header.namespace;
  return header.fields?.[field] ?? '';
}

/** Whether the object is one of the selected. */
export function matches(selection: Selection, header: ObjectHeader): boolean {
  if (selection.namespace !== undefined && selection.namespace !== header.namespace) return false;
  if (selection.name !== undefined && selection.name !== header.name) return false;
  if (selection.labels !== undefined && !selection.labels(header.labels)) return false;
  return selection.fields === undefined || selection.fields(header);
}

/** Whether the selection says more than a namespace. */
export function isFiltered(selection: Selection): boolean {
  const { name, labels, fields } = selection;
  return name !== undefined || labels !== undefined || fields !== undefined;
}
