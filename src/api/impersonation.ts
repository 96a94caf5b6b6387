// Impersonation: a user who may, acts as another (`Impersonate-*` headers).
import type { User } from '../registry/resource.ts';
import { badRequest } from '../status.ts';
import { type Authorizer, denial } from './authorization/authorizer.ts';
import type { ApiRequest } from './request.ts';

const extraPrefix = 'impersonate-extra-';
const accountPrefix = 'system:serviceaccount:';

/**
 * @returns `user` itself where no header asks for another
 * @throws StatusError 400, 403
 */
export async function impersonate(
  authorizer: Authorizer,
  user: User,
  headers: ApiRequest['headers'],
): Promise<User> {
  const name = headers['impersonate-user'];
  if (name === undefined || name === '') {
    refuseLoneHeaders(headers);
    return user;
  }
  const groups = listOf(headers['impersonate-group']);
  const uid = headers['impersonate-uid'];
  const extra = extraOf(headers);
  await checkUser(authorizer, user, name);
  for (const each of groups) await check(authorizer, user, '', 'groups', '', each);
  const authentication = 'authentication.k8s.io';
  if (uid !== undefined) await check(authorizer, user, authentication, 'uids', '', uid);
  for (const [key, values] of Object.entries(extra)) {
    for (const value of values) {
      await check(authorizer, user, authentication, `userextras/${key}`, '', value);
    }
  }
  return {
    name,
    ...(uid === undefined ? {} : { uid }),
    groups: impliedGroups(name, groups),
    ...(Object.keys(extra).length === 0 ? {} : { extra }),
  };
}

function refuseLoneHeaders(headers: ApiRequest['headers']): void {
  for (const header in headers) {
    if (header.charCodeAt(0) !== 105 || !header.startsWith('impersonate-')) continue;
    if (headers[header] === '') continue;
    throw badRequest('requested impersonation without impersonating a user');
  }
}

async function checkUser(authorizer: Authorizer, user: User, name: string): Promise<void> {
  const [namespace, account] = name.startsWith(accountPrefix)
    ? name.slice(accountPrefix.length).split(':')
    : [];
  if (namespace !== undefined && account !== undefined) {
    await check(authorizer, user, '', 'serviceaccounts', namespace, account);
  } else {
    await check(authorizer, user, '', 'users', '', name);
  }
}

function impliedGroups(name: string, groups: readonly string[]): readonly string[] {
  const all = [...groups];
  if (name.startsWith(accountPrefix) && groups.length === 0) {
    const [namespace = ''] = name.slice(accountPrefix.length).split(':');
    all.push('system:serviceaccounts', `system:serviceaccounts:${namespace}`);
  }
  if (all.includes('system:unauthenticated')) return all;
  const implied = name === 'system:anonymous' ? 'system:unauthenticated' : 'system:authenticated';
  if (!all.includes(implied)) all.push(implied);
  return all;
}

async function check(
  authorizer: Authorizer,
  user: User,
  group: string,
  what: string,
  namespace: string,
  name: string,
): Promise<void> {
  const [resource = '', ...subresource] = what.split('/');
  const attributes = {
    user,
    verb: 'impersonate',
    isResource: true,
    group,
    version: 'v1',
    namespace,
    resource,
    subresource: subresource.join('/'),
    name,
    path: '',
  };
  const decision = await authorizer.authorize(attributes);
  if (!decision.allowed) throw denial(attributes, decision.reason);
}

/** Node joins repeated headers with a comma, which no group name may hold. */
function listOf(header: string | undefined): readonly string[] {
  if (header === undefined) return [];
  return header
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '');
}

function extraOf(headers: ApiRequest['headers']): Record<string, readonly string[]> {
  const extra: Record<string, readonly string[]> = {};
  for (const [header, value] of Object.entries(headers)) {
    if (!header.startsWith(extraPrefix)) continue;
    const raw = header.slice(extraPrefix.length);
    let key = raw;
    try {
      key = decodeURIComponent(raw);
    } catch {
      throw badRequest(`invalid impersonation header ${JSON.stringify(header)}`);
    }
    extra[key] = listOf(value);
  }
  return extra;
}
