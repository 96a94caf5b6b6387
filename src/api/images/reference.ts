// Image references in their one full form: `nginx:1.25` is `docker.io/library/nginx:1.25`.

export interface ImageReference {
  /** Registry host and path, `docker.io/library/nginx`. */
  readonly repository: string;
  readonly tag: string;
}

const domain = /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9a-fA-F:]+\])(?::\d+)?$/;
const component = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*$/;
const tagPattern = /^\w[\w.-]{0,127}$/;
const lengthMax = 1024;

export const digestPattern: RegExp = /^sha256:[0-9a-f]{64}$/;

/** The reference that `text` means, `latest` where it names no tag; undefined when malformed. */
export function parseReference(text: string): ImageReference | undefined {
  if (text.length > lengthMax || text.includes('@')) return undefined;
  const colon = text.indexOf(':', text.lastIndexOf('/') + 1);
  const name = colon < 0 ? text : text.slice(0, colon);
  const tag = colon < 0 ? 'latest' : text.slice(colon + 1);
  const repository = fullRepository(name);
  return repository === undefined || !tagPattern.test(tag) ? undefined : { repository, tag };
}

/** `nginx` as `docker.io/library/nginx`; undefined when it is no repository's name. */
export function fullRepository(name: string): string | undefined {
  const slash = name.indexOf('/');
  const first = name.slice(0, Math.max(slash, 0));
  // Docker's rule: only a first part that cannot be a path's is a host.
  const hasHost = /[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase();
  let host = hasHost ? first : 'docker.io';
  let path = hasHost ? name.slice(slash + 1) : name;
  if (host === 'index.docker.io') host = 'docker.io';
  if (host === 'docker.io' && !path.includes('/')) path = `library/${path}`;
  const valid = domain.test(host) && path.split('/').every((each) => component.test(each));
  return valid ? `${host}/${path}` : undefined;
}

export function formatReference({ repository, tag }: ImageReference): string {
  return `${repository}:${tag}`;
}
