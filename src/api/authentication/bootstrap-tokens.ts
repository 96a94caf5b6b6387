// Bootstrap tokens: `<id>.<secret>`, kept as Secrets in kube-system, for nodes that join.
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../../clock.ts';
import type { Secret } from '../../objects.ts';
import type { ObjectReader } from '../object-reader.ts';
import type { TokenAuthenticator } from './authenticator.ts';

const tokenFormat = /^([a-z0-9]{6})\.([a-z0-9]{16})$/;
const groupFormat = /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/;

/** https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/ */
export function bootstrapTokens(objects: ObjectReader, clock: Clock): TokenAuthenticator {
  return {
    async authenticate(token) {
      const match = tokenFormat.exec(token);
      const [, id = '', secret = ''] = match ?? [];
      if (match === null) return undefined;
      const found = objects.get<Secret>('', 'secrets', 'kube-system', `bootstrap-token-${id}`);
      if (found === undefined || found.type !== 'bootstrap.kubernetes.io/token') return undefined;
      if (found.metadata?.deletionTimestamp !== undefined) return undefined;
      const field = (name: string) => Buffer.from(found.data?.[name] ?? '', 'base64').toString();
      if (!same(field('token-secret'), secret) || field('token-id') !== id) return undefined;
      const expiration = field('expiration');
      if (expiration !== '' && !(Date.parse(expiration) > clock.nowMs())) return undefined;
      if (field('usage-bootstrap-authentication') !== 'true') return undefined;
      const extra = field('auth-extra-groups')
        .split(',')
        .filter((group) => group !== '');
      if (!extra.every((group) => groupFormat.test(group))) return undefined;
      return {
        user: { name: `system:bootstrap:${id}`, groups: ['system:bootstrappers', ...extra] },
      };
    },
  };
}

function same(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
