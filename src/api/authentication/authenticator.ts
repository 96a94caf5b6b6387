// Finds out who asks: client certificate, bearer token of each kind, or nobody.
import type { User } from '../../registry/resource.ts';
import { unauthorized } from '../../status.ts';
import type { ApiRequest } from '../request.ts';

/** Says whose token it is; undefined when the token is not of its kind or not valid. */
export interface TokenAuthenticator {
  authenticate(token: string, audiences?: readonly string[]): Promise<Authenticated | undefined>;
}

export interface Authenticated {
  readonly user: User;
  /** Those that the token is good for, of the ones asked for. */
  readonly audiences?: readonly string[];
}

const authenticatedGroup = 'system:authenticated';

/** The insecure port's user: everything is allowed to it. */
export const insecureUser: User = {
  name: 'system:unsecured',
  groups: ['system:masters', authenticatedGroup],
};
export const anonymousUser: User = { name: 'system:anonymous', groups: ['system:unauthenticated'] };

export class Authenticator {
  readonly #tokens: readonly TokenAuthenticator[];

  /** @param tokens tried in this order */
  constructor(tokens: readonly TokenAuthenticator[]) {
    this.#tokens = tokens;
  }

  /**
   * @returns undefined for a request without credentials
   * @throws StatusError 401 for credentials that are not good
   */
  async authenticate(request: ApiRequest): Promise<User | undefined> {
    const token = bearerToken(request);
    const { peer } = request;
    if (peer?.verified === true && peer.commonName !== '') {
      return withAuthenticated({ name: peer.commonName, groups: peer.organizations });
    }
    if (token !== undefined) {
      const found = await this.token(token);
      if (found === undefined) throw unauthorized();
      return found.user;
    }
    if (request.insecure === true) return insecureUser;
    if (peer !== undefined || request.headers.authorization !== undefined) throw unauthorized();
    return undefined;
  }

  /** Also what TokenReview asks. */
  async token(token: string, audiences?: readonly string[]): Promise<Authenticated | undefined> {
    for (const each of this.#tokens) {
      const found = await each.authenticate(token, audiences);
      if (found !== undefined) return { ...found, user: withAuthenticated(found.user) };
    }
    return undefined;
  }
}

function withAuthenticated(user: User): User {
  if (user.groups.includes(authenticatedGroup)) return user;
  return { ...user, groups: [...user.groups, authenticatedGroup] };
}

/** From the header, or from a browser's WebSocket protocol list. */
export function bearerToken(request: ApiRequest): string | undefined {
  const header = request.headers.authorization;
  if (header !== undefined) {
    const match = /^bearer +(\S+)\s*$/i.exec(header);
    return match?.[1];
  }
  const protocols = request.headers['sec-websocket-protocol'];
  if (protocols === undefined) return undefined;
  const prefix = 'base64url.bearer.authorization.k8s.io.';
  for (const protocol of protocols.split(',')) {
    const trimmed = protocol.trim();
    if (!trimmed.startsWith(prefix)) continue;
    return Buffer.from(trimmed.slice(prefix.length), 'base64url').toString();
  }
  return undefined;
}
