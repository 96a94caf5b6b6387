// Service account tokens out of Secrets: they last as long as their Secret, and the day they are used is noted.
import { timingSafeEqual } from 'node:crypto';
import type { Clock } from '../../clock.ts';
import type { Logger } from '../../logger.ts';
import type { Secret } from '../../objects.ts';
import type { ResourceRegistry } from '../../registry/engine/resource-registry.ts';
import type { ApiObject, User } from '../../registry/resource.ts';
import { isReason } from '../../status.ts';
import type { ObjectReader } from '../object-reader.ts';
import { serverContext } from '../server-context.ts';
import type { Authenticated, TokenAuthenticator } from './authenticator.ts';
import type { SignedTokens } from './signed-tokens.ts';

const issuer = 'kubernetes/serviceaccount';
const claimPrefix = 'kubernetes.io/serviceaccount/';
const invalidSinceLabel = 'kubernetes.io/legacy-token-invalid-since';
const lastUsedLabel = 'kubernetes.io/legacy-token-last-used';
const dayMs = 86_400_000;

interface Parts {
  /** A token from a Secret names no audience; it is good for those of the others. */
  readonly tokens: { readonly signed: SignedTokens; readonly audiences: readonly string[] };
  readonly objects: ObjectReader;
  readonly registry: ResourceRegistry;
  readonly clock: Clock;
  readonly logger: Logger;
}

interface Named {
  readonly namespace: string;
  readonly account: string;
  readonly uid: string;
  readonly secret: string;
}

/** Tokens as the token controller of kube-controller-manager writes them into Secrets. */
export function legacyTokens(parts: Parts): TokenAuthenticator {
  return {
    async authenticate(
      token,
      audiences = parts.tokens.audiences,
    ): Promise<Authenticated | undefined> {
      const claims = (await parts.tokens.signed.claims(token)) as
        | Record<string, unknown>
        | undefined;
      const named = claims?.iss === issuer ? namedBy(claims) : undefined;
      const good = audiences.filter((each) => parts.tokens.audiences.includes(each));
      if (named === undefined || good.length === 0) return undefined;
      const secret = await secretOf(parts, named, token);
      if (secret === undefined || !(await accountStands(parts, named))) return undefined;
      await noteUse(parts, secret);
      if ((secret.metadata?.labels?.[invalidSinceLabel] ?? '') !== '') return undefined;
      return { user: userOf(named), audiences: good };
    },
  };
}

/** What the claims name, if they name everything and agree with the subject. */
function namedBy(claims: Readonly<Record<string, unknown>>): Named | undefined {
  const claim = (name: string): string => {
    const value = claims[claimPrefix + name];
    return typeof value === 'string' ? value : '';
  };
  const namespace = claim('namespace');
  const account = claim('service-account.name');
  const named = {
    namespace,
    account,
    uid: claim('service-account.uid'),
    secret: claim('secret.name'),
  };
  if (Object.values(named).includes('')) return undefined;
  return claims.sub === `system:serviceaccount:${namespace}:${account}` ? named : undefined;
}

/** The Secret, if it still holds this very token. */
async function secretOf(parts: Parts, named: Named, token: string): Promise<Secret | undefined> {
  const { namespace, secret: name } = named;
  const secret = await parts.objects.fresh<Secret>('', 'secrets', namespace, name);
  if (secret === undefined || secret.metadata?.deletionTimestamp !== undefined) return undefined;
  const held = Buffer.from(secret.data?.token ?? '', 'base64');
  const given = Buffer.from(token);
  return held.length === given.length && timingSafeEqual(held, given) ? secret : undefined;
}

async function accountStands(parts: Parts, { namespace, account, uid }: Named): Promise<boolean> {
  const found = await parts.objects.fresh<ApiObject>('', 'serviceaccounts', namespace, account);
  return found?.metadata.deletionTimestamp === undefined && found?.metadata.uid === uid;
}

/** Labels the Secret with today, once a day; the token is good even if that fails. */
async function noteUse(parts: Parts, secret: Secret): Promise<void> {
  const { namespace = '', name = '', labels } = secret.metadata ?? {};
  const day = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
  const now = parts.clock.nowMs();
  // Another server's clock may be in tomorrow already; the two must not take turns.
  const last = labels?.[lastUsedLabel];
  if (last === day(now) || last === day(now + dayMs)) return;
  const found = parts.registry.find('', 'v1', 'secrets');
  const stored = found?.store.cache.get(found.store.key(namespace, name));
  if (found === undefined || stored === undefined) return;
  const context = serverContext(found, namespace, name);
  const current = found.store.present(context, stored);
  const used = { ...current.metadata.labels, [lastUsedLabel]: day(now) };
  try {
    const metadata = { ...current.metadata, labels: used };
    await found.store.update(context, { ...current, metadata });
  } catch (error) {
    if (isReason(error, 'Conflict') || isReason(error, 'NotFound')) return;
    parts.logger.error(`cannot note that the token of ${namespace}/${name} is used`, error);
  }
}

function userOf({ namespace, account, uid }: Named): User {
  return {
    name: `system:serviceaccount:${namespace}:${account}`,
    uid,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`],
  };
}
