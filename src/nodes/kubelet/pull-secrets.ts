// Registry credentials from a pod's imagePullSecrets, the most specific match first.
import type { Pod } from '../../objects.ts';
import type { References } from '../references.ts';
import type { PullCredentials } from '../runtime.ts';
import { identityOf } from './pod.ts';

interface DockerAuth {
  readonly username?: string;
  readonly password?: string;
  readonly auth?: string;
}

type Auths = Readonly<Record<string, DockerAuth>>;

function authsOf(data: Readonly<Record<string, string>> | undefined): Auths {
  const decode = (text: string): unknown =>
    JSON.parse(Buffer.from(text, 'base64').toString()) as unknown;
  try {
    const config = data?.['.dockerconfigjson'];
    if (config !== undefined) return (decode(config) as { auths?: Auths }).auths ?? {};
    const legacy = data?.['.dockercfg'];
    return legacy === undefined ? {} : (decode(legacy) as Auths);
  } catch {
    // A malformed secret is no credential; the pull then says what it lacks.
    return {};
  }
}

/** An image as registries are matched: `docker.io` images stand under `index.docker.io`. */
function imagePath(image: string): string {
  const [first = '', ...rest] = image.split('/');
  const isHost = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost');
  const path = isHost ? image : `docker.io/${rest.length === 0 ? 'library/' : ''}${image}`;
  return path.replace(/^docker\.io\//, 'index.docker.io/');
}

function registryPath(key: string): string {
  return key
    .replace(/^https?:\/\//, '')
    .replace(/\/(v1|v2)?\/?$/, '')
    .replace(/^docker\.io/, 'index.docker.io');
}

function credentialsOf({ username, password, auth }: DockerAuth): PullCredentials | undefined {
  if (username !== undefined && password !== undefined) return { username, password };
  const [user, ...rest] = Buffer.from(auth ?? '', 'base64')
    .toString()
    .split(':');
  return user ? { username: user, password: rest.join(':') } : undefined;
}

/** The credentials of `pod` for `image`; undefined when none of its secrets names the registry. */
export async function pullCredentials(
  pod: Pod,
  image: string,
  references: References,
): Promise<PullCredentials | undefined> {
  const { namespace } = identityOf(pod);
  const wanted = imagePath(image);
  let best: { length: number; auth: DockerAuth } | undefined;
  for (const { name = '' } of pod.spec?.imagePullSecrets ?? []) {
    const secret = await references.secret(namespace, name);
    for (const [key, auth] of Object.entries(authsOf(secret?.data))) {
      const path = registryPath(key);
      const fits = wanted === path || wanted.startsWith(`${path}/`);
      if (fits && path.length > (best?.length ?? -1)) best = { length: path.length, auth };
    }
  }
  return best === undefined ? undefined : credentialsOf(best.auth);
}
