// Who may use the kubelet's port: certificates and TokenReview say who, SubjectAccessReview says what.
import { createHash } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import type { Client } from '../../client/client.ts';
import type { Clock } from '../../clock.ts';
import type { SubjectAccessReview, TokenReview } from '../../objects.ts';

export interface KubeletUser {
  readonly username: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/** What is asked of the node: a verb on `nodes/<subresource>`. */
export interface KubeletAttributes {
  readonly verb: string;
  readonly subresource: string;
  readonly nodeName: string;
}

/** Gives undefined when nobody knows the token; rejects when the API gives no answer. */
export type TokenAuthenticator = (token: string) => Promise<KubeletUser | undefined>;
export type KubeletAuthorizer = (
  user: KubeletUser,
  attributes: KubeletAttributes,
) => Promise<boolean>;

// Upstream kubelet's defaults (authentication.webhook.cacheTTL, authorization.webhook.*).
const tokenTtlMs = 2 * 60_000;
const allowedTtlMs = 5 * 60_000;
const deniedTtlMs = 30_000;
const cacheEntriesMax = 4096;

/** Whoever the client certificate names, when the cluster's CA signed it. */
export function certificateUser(socket: TLSSocket): KubeletUser | undefined {
  if (!socket.authorized) return undefined;
  const subject = socket.getPeerCertificate().subject as unknown as
    | Readonly<Record<string, string | string[] | undefined>>
    | undefined;
  const all = (value: string | string[] | undefined) =>
    value === undefined ? [] : Array.isArray(value) ? value : [value];
  const [username] = all(subject?.CN);
  if (username === undefined || username === '') return undefined;
  return { username, groups: [...all(subject?.O), 'system:authenticated'] };
}

/** Asks the API's TokenReview; answers are kept for two minutes. */
export function tokenReviewer(client: Client, clock: Clock): TokenAuthenticator {
  const cache = new ExpiringCache<KubeletUser | undefined>(clock);
  return (token) =>
    cache.get(createHash('sha256').update(token).digest('base64'), async () => {
      const review = (await client.raw('POST', '/apis/authentication.k8s.io/v1/tokenreviews', {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenReview',
        spec: { token },
      })) as TokenReview;
      const user = review.status?.authenticated === true ? review.status.user : undefined;
      if (user?.username === undefined) return { value: undefined, ttlMs: tokenTtlMs };
      const value: KubeletUser = {
        username: user.username,
        groups: user.groups ?? [],
        ...(user.uid === undefined ? {} : { uid: user.uid }),
        ...(user.extra === undefined ? {} : { extra: user.extra }),
      };
      return { value, ttlMs: tokenTtlMs };
    });
}

/** Asks the API's SubjectAccessReview; `system:masters` (the API server itself) always passes. */
export function accessReviewer(client: Client, clock: Clock): KubeletAuthorizer {
  const cache = new ExpiringCache<boolean>(clock);
  return async (user, attributes) => {
    if (user.groups.includes('system:masters')) return true;
    return await cache.get(JSON.stringify([user, attributes]), async () => {
      const value = await review(client, user, attributes);
      return { value, ttlMs: value ? allowedTtlMs : deniedTtlMs };
    });
  };
}

async function review(
  client: Client,
  user: KubeletUser,
  { verb, subresource, nodeName }: KubeletAttributes,
): Promise<boolean> {
  const answer = (await client.raw('POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    spec: {
      user: user.username,
      groups: user.groups,
      ...(user.uid === undefined ? {} : { uid: user.uid }),
      ...(user.extra === undefined ? {} : { extra: user.extra }),
      resourceAttributes: {
        verb,
        group: '',
        version: 'v1',
        resource: 'nodes',
        subresource,
        name: nodeName,
      },
    },
  })) as SubjectAccessReview;
  return answer.status?.allowed === true;
}

/** HTTP method to verb, as upstream's kubelet maps them. */
const verbs: Readonly<Record<string, string>> = {
  POST: 'create',
  GET: 'get',
  HEAD: 'get',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};

/**
 * The subresources any of which allows a request, the narrowest first (KEP-2862, fine-grained
 * kubelet API authorization).
 */
export function attributesOf(
  method: string,
  path: string,
  nodeName: string,
): readonly KubeletAttributes[] {
  const verb = verbs[method] ?? '';
  const under = (prefix: string) => path === prefix || path.startsWith(`${prefix}/`);
  const first = () => {
    if (under('/stats')) return ['stats'];
    if (under('/metrics')) return ['metrics'];
    if (under('/logs')) return ['log'];
    if (under('/checkpoint')) return ['checkpoint'];
    if (under('/pods') || under('/runningpods')) return ['pods', 'proxy'];
    if (under('/healthz')) return ['healthz', 'proxy'];
    if (under('/configz')) return ['configz', 'proxy'];
    return ['proxy'];
  };
  return first().map((subresource) => ({ verb, subresource, nodeName }));
}

/** Answers by key for as long as each says; the oldest go when there are too many. */
class ExpiringCache<Value> {
  readonly #clock: Clock;
  readonly #entries = new Map<string, { readonly value: Value; readonly untilMs: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async get(
    key: string,
    load: () => Promise<{ readonly value: Value; readonly ttlMs: number }>,
  ): Promise<Value> {
    const known = this.#entries.get(key);
    if (known !== undefined && known.untilMs > this.#clock.nowMs()) return known.value;
    const { value, ttlMs } = await load();
    this.#entries.delete(key);
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size < cacheEntriesMax) break;
      this.#entries.delete(oldest);
    }
    this.#entries.set(key, { value, untilMs: this.#clock.nowMs() + ttlMs });
    return value;
  }
}
