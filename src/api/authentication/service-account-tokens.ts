// Bound service account tokens: issues them and checks them against what they are bound to.
import { createHash, createPrivateKey, type KeyObject } from 'node:crypto';
import { SignJWT } from 'jose/jwt/sign';
import type { Clock } from '../../clock.ts';
import { type Random, uuid } from '../../random.ts';
import type { ApiObject, User } from '../../registry/resource.ts';
import type { ObjectReader } from '../object-reader.ts';
import type { Authenticated, TokenAuthenticator } from './authenticator.ts';
import { SignedTokens, signatureAlgorithm } from './signed-tokens.ts';

export const defaultIssuer = 'https://kubernetes.default.svc.cluster.local';

/** What a token is tied to; it dies with it. */
export interface BoundObject {
  readonly kind: 'Pod' | 'Secret' | 'Node';
  readonly name: string;
  readonly uid: string;
}

export interface TokenSpec {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly audiences: readonly string[];
  readonly expirationSeconds: number;
  readonly bound?: BoundObject;
  /** The node a bound pod runs on. */
  readonly node?: { readonly name: string; readonly uid: string };
  /** Lets the token go on past its lifetime, with a warning; upstream's default for pods' tokens. */
  readonly warnAfterSeconds?: number;
}

interface Claims {
  readonly iss?: string;
  readonly sub?: string;
  readonly aud?: string | readonly string[];
  readonly exp?: number;
  readonly nbf?: number;
  readonly jti?: string;
  readonly 'kubernetes.io'?: {
    readonly namespace?: string;
    readonly serviceaccount?: { readonly name?: string; readonly uid?: string };
    readonly pod?: { readonly name?: string; readonly uid?: string };
    readonly secret?: { readonly name?: string; readonly uid?: string };
    readonly node?: { readonly name?: string; readonly uid?: string };
  };
}

export class ServiceAccountTokens implements TokenAuthenticator {
  readonly issuer: string;
  readonly keyId: string;
  readonly audiences: readonly string[];
  /** Tokens by the same key, of whatever kind. */
  readonly signed: SignedTokens;
  readonly #privateKey: KeyObject;
  readonly #objects: ObjectReader;
  readonly #clock: Clock;
  readonly #random: Random;

  constructor(options: {
    /** PEM of an ECDSA P-256 private key. */
    readonly signingKey: string;
    readonly issuer?: string | undefined;
    readonly objects: ObjectReader;
    readonly clock: Clock;
    readonly random: Random;
  }) {
    this.#privateKey = createPrivateKey(options.signingKey);
    this.signed = new SignedTokens(options.signingKey);
    this.issuer = options.issuer ?? defaultIssuer;
    this.audiences = [this.issuer];
    const der = this.signed.publicKey.export({ type: 'spki', format: 'der' });
    this.keyId = createHash('sha256').update(der).digest('base64url');
    this.#objects = options.objects;
    this.#clock = options.clock;
    this.#random = options.random;
  }

  /** The public key as a JSON Web Key Set. */
  jwks(): unknown {
    const jwk = this.signed.publicKey.export({ format: 'jwk' });
    return {
      keys: [
        {
          use: 'sig',
          kty: jwk.kty,
          kid: this.keyId,
          alg: 'ES256',
          crv: jwk.crv,
          x: jwk.x,
          y: jwk.y,
        },
      ],
    };
  }

  /** A signed token and the second (since the epoch) at which it expires. */
  async issue(
    spec: TokenSpec,
  ): Promise<{ readonly token: string; readonly expiresAt: number; readonly id: string }> {
    const now = Math.floor(this.#clock.nowMs() / 1000);
    const expiresAt = now + spec.expirationSeconds;
    const id = uuid(this.#random);
    const { bound, node, namespace, name, uid } = spec;
    const claims = {
      aud: [...(spec.audiences.length === 0 ? this.audiences : spec.audiences)],
      exp: expiresAt,
      iat: now,
      iss: this.issuer,
      jti: id,
      'kubernetes.io': {
        namespace,
        ...(bound?.kind === 'Node' ? { node: { name: bound.name, uid: bound.uid } } : {}),
        ...(node === undefined ? {} : { node }),
        ...(bound?.kind === 'Pod' ? { pod: { name: bound.name, uid: bound.uid } } : {}),
        ...(bound?.kind === 'Secret' ? { secret: { name: bound.name, uid: bound.uid } } : {}),
        serviceaccount: { name, uid },
        ...(spec.warnAfterSeconds === undefined ? {} : { warnafter: now + spec.warnAfterSeconds }),
      },
      nbf: now,
      sub: `system:serviceaccount:${namespace}:${name}`,
    };
    const token = await new SignJWT(claims)
      .setProtectedHeader({ alg: signatureAlgorithm, kid: this.keyId })
      .sign(this.#privateKey);
    return { token, expiresAt, id };
  }

  async authenticate(
    token: string,
    audiences: readonly string[] = this.audiences,
  ): Promise<Authenticated | undefined> {
    const claims = (await this.signed.claims(token)) as Claims | undefined;
    if (claims === undefined || claims.iss !== this.issuer) return undefined;
    const now = this.#clock.nowMs() / 1000;
    if (claims.exp === undefined || now > claims.exp + 10 || now < (claims.nbf ?? 0) - 10) {
      return undefined;
    }
    const given = typeof claims.aud === 'string' ? [claims.aud] : (claims.aud ?? []);
    const good = audiences.filter((each) => given.includes(each));
    if (good.length === 0) return undefined;
    const user = await this.#userOf(claims);
    return user === undefined ? undefined : { user, audiences: good };
  }

  /** Everything the token names must still be there, with the same UID. */
  async #userOf(claims: Claims): Promise<User | undefined> {
    const bound = claims['kubernetes.io'];
    const { namespace = '', serviceaccount } = bound ?? {};
    const name = serviceaccount?.name ?? '';
    if (namespace === '' || name === '' || bound === undefined) return undefined;
    if (claims.sub !== `system:serviceaccount:${namespace}:${name}`) return undefined;
    if (!(await this.#exists('serviceaccounts', namespace, serviceaccount))) return undefined;
    const extra: Record<string, readonly string[]> = {};
    if (claims.jti !== undefined) {
      extra['authentication.kubernetes.io/credential-id'] = [`JTI=${claims.jti}`];
    }
    if (bound.pod !== undefined) {
      if (!(await this.#exists('pods', namespace, bound.pod))) return undefined;
      extra['authentication.kubernetes.io/pod-name'] = [bound.pod.name ?? ''];
      extra['authentication.kubernetes.io/pod-uid'] = [bound.pod.uid ?? ''];
    }
    if (bound.secret !== undefined && !(await this.#exists('secrets', namespace, bound.secret))) {
      return undefined;
    }
    if (bound.node !== undefined) {
      const isBinding = bound.pod === undefined;
      if (isBinding && !(await this.#exists('nodes', '', bound.node))) return undefined;
      extra['authentication.kubernetes.io/node-name'] = [bound.node.name ?? ''];
      extra['authentication.kubernetes.io/node-uid'] = [bound.node.uid ?? ''];
    }
    return {
      name: `system:serviceaccount:${namespace}:${name}`,
      uid: serviceaccount?.uid ?? '',
      groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`],
      extra,
    };
  }

  async #exists(
    plural: string,
    namespace: string,
    named: { readonly name?: string; readonly uid?: string } | undefined,
  ): Promise<boolean> {
    const object = await this.#objects.fresh<ApiObject>('', plural, namespace, named?.name ?? '');
    if (object === undefined || object.metadata.uid !== named?.uid) return false;
    const { deletionTimestamp } = object.metadata;
    // Upstream leaves a token alive for a minute after its object's deletion is due.
    return (
      deletionTimestamp === undefined ||
      this.#clock.nowMs() < Date.parse(deletionTimestamp) + 60_000
    );
  }
}
