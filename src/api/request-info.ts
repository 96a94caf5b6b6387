// What a raw request path and method ask for: one parse, upstream's RequestInfo rules.

/** The parsed path. Everything authentication, fairness, authorization and routing look at. */
export interface RequestInfo {
  /** `get`, `list`, `watch`, `create`, …; the lower-case method for non-resource paths. */
  readonly verb: string;
  readonly isResource: boolean;
  /** Decoded path, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly prefix: '' | 'api' | 'apis';
  readonly group: string;
  readonly version: string;
  readonly namespace: string;
  readonly resource: string;
  readonly subresource: string;
  readonly name: string;
  /** Raw (undecoded) path behind the subresource, with its leading slash; proxies forward it. */
  readonly rawTail: string;
  /** The raw query without `?`. */
  readonly rawQuery: string;
  /** A legacy `/watch/` path, whose verb is watch whatever the query says. */
  readonly legacyWatch: boolean;
}

const noQuery: URLSearchParams = new URLSearchParams();
const namespaceSubresources: readonly string[] = ['status', 'finalize'];
const verbs: Readonly<Record<string, string>> = {
  GET: 'get',
  HEAD: 'get',
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};
/** Paths longer than this are refused before they are split. */
export const maxUrlLength = 64 * 1024;

/** Parses `url`; undefined when it cannot be one (bad escapes, too long). */
export function parseRequest(method: string, url: string): RequestInfo | undefined {
  if (url.length > maxUrlLength || !url.startsWith('/')) return undefined;
  const mark = url.indexOf('?');
  const rawPath = mark === -1 ? url : url.slice(0, mark);
  const rawQuery = mark === -1 ? '' : url.slice(mark + 1);
  const query = rawQuery === '' ? noQuery : new URLSearchParams(readable(rawQuery));
  const rawParts = rawPath.split('/');
  rawParts.shift();
  const slash = rawParts.length > 1 && rawParts[rawParts.length - 1] === '';
  if (slash) rawParts.pop();
  const parts = rawPath.includes('%') ? decodeParts(rawParts) : rawParts;
  if (parts === undefined) return undefined;
  const path = rawPath.includes('%') ? `/${parts.join('/')}${slash ? '/' : ''}` : rawPath;
  const base = { path, query, rawQuery };
  return (
    resourceRequest(method, base, parts, rawParts) ?? {
      ...base,
      verb: method.toLowerCase(),
      isResource: false,
      prefix: '',
      group: '',
      version: '',
      namespace: '',
      resource: '',
      subresource: '',
      name: '',
      rawTail: '',
      legacyWatch: false,
    }
  );
}

const badEscape = /%(?![0-9A-Fa-f]{2})/;

/** Go passes over what of a query has bad escapes or semicolons, and takes the rest. */
function readable(rawQuery: string): string {
  if (!/[%;]/.test(rawQuery)) return rawQuery;
  const pairs = rawQuery.split('&');
  return pairs.filter((pair) => !pair.includes(';') && !badEscape.test(pair)).join('&');
}

/** Bytes that are no UTF-8 become U+FFFD, which no name has; bad escapes make no path at all. */
function decodeParts(rawParts: readonly string[]): string[] | undefined {
  if (rawParts.some((part) => badEscape.test(part))) return undefined;
  return rawParts.map((part) => {
    if (!part.includes('%')) return part;
    const bytes = part.replace(/%([0-9A-Fa-f]{2})/g, (_all, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    );
    return Buffer.from(bytes, /[^\0-\xff]/.test(part) ? 'utf8' : 'latin1').toString();
  });
}

function resourceRequest(
  method: string,
  base: Pick<RequestInfo, 'path' | 'query' | 'rawQuery'>,
  parts: readonly string[],
  rawParts: readonly string[],
): RequestInfo | undefined {
  const prefix = parts[0];
  if (prefix !== 'api' && prefix !== 'apis') return undefined;
  const versionAt = prefix === 'api' ? 1 : 2;
  // `/apis/g/v` alone is discovery, not a resource.
  if (parts.length < versionAt + 2) return undefined;
  let at = versionAt + 1;
  let verb = verbs[method] ?? '';
  const legacyWatch = parts[at] === 'watch' && parts.length > at + 1;
  if (legacyWatch) {
    verb = 'watch';
    at++;
  }
  let namespace = '';
  if (parts[at] === 'namespaces' && parts.length > at + 1) {
    namespace = parts[at + 1] ?? '';
    // `/namespaces/x` and `/namespaces/x/status` are the namespace itself.
    if (parts.length > at + 2 && !isNamespaceSubresource(parts[at + 2])) at += 2;
  }
  const resource = parts[at] ?? '';
  const name = parts[at + 1] ?? '';
  const tail = parts.length > at + 3 ? `/${rawParts.slice(at + 3).join('/')}` : '';
  return {
    ...base,
    isResource: true,
    prefix,
    group: prefix === 'api' ? '' : (parts[1] ?? ''),
    version: parts[versionAt] ?? '',
    namespace,
    resource,
    name: name === '' ? selectedName(verb, base.query) : name,
    subresource: parts[at + 2] ?? '',
    rawTail: base.path.endsWith('/') && parts.length > at + 2 ? `${tail}/` : tail,
    legacyWatch,
    verb: collectionVerb(verb, name, base.query),
  };
}

function isNamespaceSubresource(part: string | undefined): boolean {
  return part !== undefined && namespaceSubresources.includes(part);
}

function collectionVerb(verb: string, name: string, query: URLSearchParams): string {
  if (name !== '') return verb;
  if (verb === 'get') return isTrue(query.get('watch')) ? 'watch' : 'list';
  return verb === 'delete' ? 'deletecollection' : verb;
}

/** `fieldSelector=metadata.name=x` lets authorization by resourceNames apply to lists. */
function selectedName(verb: string, query: URLSearchParams): string {
  if (query === noQuery || verb !== 'get') return '';
  const selector = query.get('fieldSelector');
  if (selector === null) return '';
  for (const term of selector.split(',')) {
    const match = /^metadata\.name==?([^!=]+)$/.exec(term.trim());
    if (match?.[1] !== undefined) return isSegment(match[1]) ? match[1] : '';
  }
  return '';
}

/** Whether a path could have this name: upstream's IsPathSegmentName. */
function isSegment(name: string): boolean {
  return name !== '.' && name !== '..' && !/[/%]/.test(name);
}

/** Upstream's conversion of a query's value to a bool: any text but `false` and `0` is true. */
export function isTrue(value: string | null): boolean {
  return value !== null && value !== '0' && value.toLowerCase() !== 'false';
}
