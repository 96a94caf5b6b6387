// Checks where a webhook is reached: a URL, or a Service.
import { type FieldError, type FieldPath, invalidValue, required } from '../field.ts';
import { validateDns1123Subdomain, validatePortNumber } from '../metadata/names.ts';
import type { WebhookClientConfig } from './types.ts';

type ServiceReference = NonNullable<WebhookClientConfig['service']>;

/** Exactly one of the two, which must then be right; `path` is `…clientConfig`. */
export function validateWebhookClient(
  client: WebhookClientConfig,
  path: FieldPath,
): readonly FieldError[] {
  const { url, service } = client;
  if ((url === undefined) === (service === undefined)) {
    return [required(path, 'exactly one of url or service is required')];
  }
  if (url !== undefined) return validateWebhookUrl(url, path.child('url'));
  return service === undefined ? [] : validateWebhookService(service, path.child('service'));
}

const form = '; desired format: https://host[/path]';

/** An https URL without user, query and fragment. */
export function validateWebhookUrl(url: string, path: FieldPath): readonly FieldError[] {
  const parsed = splitUrl(url);
  if (typeof parsed === 'string') {
    const error = `parse ${JSON.stringify(url)}: ${parsed}`;
    return [required(path, `url must be a valid URL: ${error}${form}`)];
  }
  const errors: FieldError[] = [];
  const { scheme, user, host, query, fragment } = parsed;
  if (scheme !== 'https') {
    errors.push(invalidValue(path, scheme, `'https' is the only allowed URL scheme${form}`));
  }
  if (host === '') errors.push(invalidValue(path, host, `host must be specified${form}`));
  if (user !== undefined) {
    errors.push(invalidValue(path, user, 'user information is not permitted in the URL'));
  }
  if (fragment !== '') {
    errors.push(invalidValue(path, fragment, 'fragments are not permitted in the URL'));
  }
  if (query !== '') {
    errors.push(invalidValue(path, query, 'query parameters are not permitted in the URL'));
  }
  return errors;
}

interface UrlParts {
  readonly scheme: string;
  readonly user: string | undefined;
  readonly host: string;
  readonly query: string;
  readonly fragment: string;
}

/** As Go's net/url takes a URL apart, which is more lenient than the WHATWG's; or its error. */
function splitUrl(url: string): UrlParts | string {
  if ([...url].some((each) => each < ' ' || each === '\u007f')) {
    return 'net/url: invalid control character in URL';
  }
  const badEscape = /%(?![0-9a-fA-F]{2}).{0,2}/.exec(url);
  if (badEscape !== null) return `invalid URL escape ${JSON.stringify(badEscape[0])}`;
  if (url.startsWith(':')) return 'missing protocol scheme';
  const pattern =
    /^(?:([a-zA-Z][a-zA-Z0-9+.-]*):)?(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/;
  const [, scheme = '', authority = '', rest = '', query = '', fragment = ''] =
    pattern.exec(url) ?? [];
  if (scheme === '' && authority === '' && /^[^/]*:/.test(rest)) {
    return 'first path segment in URL cannot contain colon';
  }
  const at = authority.lastIndexOf('@');
  const host = authority.slice(at + 1);
  const port = /^(?:\[[^\]]*\]|[^:]*)(:.*)?$/.exec(host)?.[1] ?? '';
  if (port !== '' && !/^:\d*$/.test(port)) {
    return `invalid port ${JSON.stringify(port)} after host`;
  }
  const badHost = /[ <>"\\^`{|}]/.exec(host);
  if (badHost !== null) return `invalid character ${JSON.stringify(badHost[0])} in host name`;
  const user = at < 0 ? undefined : authority.slice(0, at);
  return { scheme: scheme.toLowerCase(), user, host, query, fragment };
}

/** Name and namespace trade places in upstream's errors; clients have come to know them so. */
function validateWebhookService(service: ServiceReference, path: FieldPath): readonly FieldError[] {
  const errors: FieldError[] = [];
  const { name, namespace, port = 443, path: urlPath } = service;
  if (namespace === '') errors.push(required(path.child('name')));
  if (name === '') errors.push(required(path.child('namespace')));
  const messages = validatePortNumber(port);
  if (messages.length > 0) {
    const why = `port is not valid: ${messages.join(', ')}`;
    errors.push(invalidValue(path.child('port'), port, why));
  }
  return [...errors, ...validateUrlPath(urlPath ?? '', path.child('path'))];
}

function validateUrlPath(urlPath: string, path: FieldPath): readonly FieldError[] {
  if (urlPath === '' || urlPath === '/') return [];
  if (urlPath === '//') return [invalidValue(path, urlPath, 'segment[0] may not be empty')];
  const errors: FieldError[] = [];
  if (!urlPath.startsWith('/')) errors.push(invalidValue(path, urlPath, "must start with a '/'"));
  const inner = urlPath.slice(1);
  const segments = (inner.endsWith('/') ? inner.slice(0, -1) : inner).split('/');
  segments.forEach((segment, index) => {
    if (segment === '') {
      errors.push(invalidValue(path, urlPath, `segment[${index}] may not be empty`));
      return;
    }
    for (const message of validateDns1123Subdomain(segment)) {
      errors.push(invalidValue(path, urlPath, `segment[${index}]: ${message}`));
    }
  });
  return errors;
}
