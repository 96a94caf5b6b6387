// Makes one request out of chance: which resource, which verb, what body, options and headers.
import { type Body, encodeBody, protobufType } from './bodies.ts';
import { type Catalog, collectionPath, type Subresource, type Target } from './catalog.ts';
import type { Dice } from './dice.ts';
import { acceptHeader, moreHeaders } from './headers.ts';
import type { JsonObject } from './json.ts';
import { isObject, setKey } from './json.ts';
import { createObjectSource, type ObjectPlace, type ObjectSource } from './objects.ts';
import { oddName, oddNamespace, oddRequest } from './odd-paths.ts';
import { makePatch, ownership } from './patches.ts';
import { makeQuery, percentEncoded, type QueryUse } from './queries.ts';
import { onlyRehearsed, type Territory } from './territory.ts';
import type { WireRequest } from './wire.ts';

/** What making a request may ask the server for. */
export interface Served {
  /** The stored object at a path, if there is one. */
  current(path: string): Promise<JsonObject | undefined>;
  /** An object of the kind in protobuf, as this server writes it. */
  protobuf(target: Target): Buffer | undefined;
}

export interface RequestMaker {
  make(dice: Dice, served: Served): Promise<WireRequest>;
}

/** Watches, logs and streams are cut after so long. */
const streamMs = 150;
const connectSubresources = ['attach', 'exec', 'log', 'portforward', 'proxy'];

export function createRequestMaker(catalog: Catalog, territory: Territory): RequestMaker {
  const objects = createObjectSource(catalog, territory);
  return {
    async make(dice, served) {
      if (dice.chance(0.03)) return oddRequest(dice, territory);
      const target = dice.pick(catalog.targets);
      const subresources = target.subresources.filter(({ verbs }) => verbs.length > 0);
      const namespace = target.namespaced ? oddNamespace(dice, territory) : undefined;
      const name = territory.name(dice, target);
      const place = { target, name, ...(namespace === undefined ? {} : { namespace }) };
      const making = { dice, served, territory, objects };
      if (subresources.length > 0 && dice.chance(0.3)) {
        return subresourceRequest(making, { ...place, subresource: dice.pick(subresources) });
      }
      return resourceRequest(making, place);
    },
  };
}

interface Making {
  readonly dice: Dice;
  readonly served: Served;
  readonly territory: Territory;
  readonly objects: ObjectSource;
}

function resourceRequest(making: Making, place: ObjectPlace): Promise<WireRequest> {
  const { dice } = making;
  const { verbs } = place.target;
  const weights: Readonly<Record<string, number>> = { create: 5, update: 4, patch: 6, delete: 1.5 };
  const verb = dice.weigh(...verbs.map((each) => [weights[each] ?? 1, each] as const));
  return verbRequest(making, place, verb);
}

async function verbRequest(making: Making, place: ObjectPlace, verb: string): Promise<WireRequest> {
  const { dice, territory } = making;
  const { target, name, namespace } = place;
  const collection = collectionPath(target, namespace);
  const one = `${collection}/${oddName(dice, name, verb)}`;
  const everywhere = dice.chance(0.1) ? collectionPath(target, undefined) : collection;
  switch (verb) {
    case 'create':
      return written(making, place, 'POST', collection, undefined);
    case 'update':
      return written(making, place, 'PUT', one, await stored(making, one));
    case 'patch':
      return patched(making, place, one);
    case 'delete':
      return deleted(making, place, 'delete', one);
    case 'deletecollection':
      return deleted(making, place, 'deleteMany', collection);
    case 'list':
      return read(dice, 'list', everywhere);
    case 'watch':
      return read(dice, 'watch', everywhere, { watch: 'true' });
    default:
      return read(
        dice,
        'get',
        dice.chance(0.9) ? one : `${collection}/${territory.name(dice, target)}`,
      );
  }
}

/** Half of what is written is built on what is there. */
async function stored({ dice, served }: Making, path: string): Promise<JsonObject | undefined> {
  return dice.chance(0.6) ? served.current(path) : undefined;
}

async function subresourceRequest(
  making: Making,
  place: ObjectPlace & { readonly subresource: Subresource },
): Promise<WireRequest> {
  const { dice } = making;
  const { target, name, namespace, subresource } = place;
  const one = `${collectionPath(target, namespace)}/${oddName(dice, name, 'get')}`;
  const path = `${one}/${subresource.name}`;
  if (connectSubresources.includes(subresource.name.split('/')[0] ?? '')) {
    return connected(dice, path);
  }
  const verb = dice.pick(subresource.verbs);
  if (verb === 'create') return written(making, place, 'POST', path, undefined);
  if (verb === 'update') return written(making, place, 'PUT', path, await stored(making, path));
  if (verb === 'patch') return patched(making, place, path);
  return read(dice, 'get', path);
}

/** Streams: mostly without the handshake that they need, at times with a bad one. */
function connected(dice: Dice, path: string): WireRequest {
  const method = dice.pick(['GET', 'POST', 'GET', 'PUT', 'PATCH', 'OPTIONS', 'HEAD']);
  const upgrade: Readonly<Record<string, string>> = dice.chance(0.3)
    ? {
        connection: 'Upgrade',
        upgrade: dice.pick(['websocket', 'SPDY/3.1', 'h2c', 'x']),
        'sec-websocket-version': dice.pick(['13', '8', '']),
        'sec-websocket-key': dice.pick(['dGhlIHNhbXBsZSBub25jZQ==', 'x', '']),
        'sec-websocket-protocol': dice.pick(['v5.channel.k8s.io', 'v4.channel.k8s.io', 'x', '']),
        'x-stream-protocol-version': dice.pick(['v4.channel.k8s.io', 'x', '']),
      }
    : {};
  const longer = dice.chance(0.2) ? dice.pick(['/', '/x/y', '//', '/%2f', '/..']) : '';
  return {
    method,
    path: `${path}${longer}${makeQuery(dice, 'connect')}`,
    headers: { ...moreHeaders(dice), ...upgrade },
    cutAfterMs: streamMs * 4,
  };
}

function read(
  dice: Dice,
  use: QueryUse,
  path: string,
  fixed: Readonly<Record<string, string>> = {},
): WireRequest {
  const asked = `${path}${makeQuery(dice, use, fixed)}`;
  return {
    method: dice.chance(0.03) ? 'HEAD' : 'GET',
    path: asked,
    headers: { ...acceptHeader(dice), ...moreHeaders(dice) },
    // Also in a list a watch may be asked for: `watch=` is enough.
    ...(asked.includes('watch=') ? { cutAfterMs: streamMs } : {}),
  };
}

function written(
  { dice, served, objects }: Making,
  place: ObjectPlace,
  method: string,
  path: string,
  current: JsonObject | undefined,
): WireRequest {
  const object = objects.make(dice, place, current);
  const { metadata } = object;
  if (isObject(metadata)) meddle(dice, metadata, place);
  const whole = place.subresource === undefined || place.subresource.kind === place.target.kind;
  const body = encodeBody(dice, object, whole ? served.protobuf(place.target) : undefined);
  return sent(dice, place, method, path, body);
}

/** Changes to metadata that the server has rules of its own for. */
function meddle(dice: Dice, metadata: JsonObject, { name }: ObjectPlace): void {
  if (dice.chance(0.05)) setKey(metadata, 'managedFields', ownership(dice));
  if (dice.chance(0.02))
    setKey(metadata, 'finalizers', dice.pick([['example.com/f'], ['x'], ['']]));
  if (dice.chance(0.05)) setKey(metadata, 'resourceVersion', dice.pick(['', '1', 'x', '99999999']));
  if (dice.chance(0.02)) setKey(metadata, 'uid', 'fuzz');
  if (dice.chance(0.03)) {
    delete metadata.name;
    setKey(metadata, 'generateName', dice.pick([`${name}-`, '', 'A', `${'a'.repeat(300)}`]));
  }
  if (dice.chance(0.02)) {
    const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'a', uid: 'x', controller: true };
    setKey(metadata, 'ownerReferences', dice.pick([[owner], [owner, owner], [{}]]));
  }
}

async function patched(making: Making, place: ObjectPlace, path: string): Promise<WireRequest> {
  const { dice, objects } = making;
  const current = await stored(making, path);
  const object = current ?? objects.plain(place);
  const body = makePatch(dice, { object, shape: objects.shape(place) });
  const apply = body.contentType.startsWith('application/apply-patch');
  const fixed = apply && dice.chance(0.9) ? { fieldManager: dice.pick(['fuzz', 'b']) } : {};
  return sent(dice, place, 'PATCH', path, body, fixed);
}

function sent(
  dice: Dice,
  { target }: ObjectPlace,
  method: string,
  path: string,
  { contentType, bytes }: Body,
  fixed: Readonly<Record<string, string>> = {},
): WireRequest {
  const rehearsed: Readonly<Record<string, string>> = onlyRehearsed(target)
    ? { dryRun: 'All' }
    : {};
  return {
    method,
    path: `${path}${makeQuery(dice, 'write', { ...rehearsed, ...fixed })}`,
    headers: {
      ...acceptHeader(dice),
      ...(contentType === '' ? {} : { 'content-type': contentType }),
      ...moreHeaders(dice),
    },
    body: bytes,
  };
}

/** What a deletion of many is kept to: our label where others have objects beside ours. */
function deleted(
  { dice, territory: { label } }: Making,
  { target }: ObjectPlace,
  use: 'delete' | 'deleteMany',
  path: string,
): WireRequest {
  const selector = { labelSelector: `${label.key}=${label.value}` };
  const rehearsed: Readonly<Record<string, string>> = onlyRehearsed(target)
    ? { dryRun: 'All' }
    : {};
  const query = makeQuery(dice, use, { ...(use === 'deleteMany' ? selector : {}), ...rehearsed });
  const request = { method: 'DELETE', path: `${path}${query}`, headers: acceptHeader(dice) };
  // A body would make the server forget that the query said dry run.
  if (onlyRehearsed(target) || dice.chance(0.7)) return request;
  const body = deleteOptions(dice);
  return {
    ...request,
    headers: { ...request.headers, 'content-type': body.contentType },
    body: body.bytes,
  };
}

function deleteOptions(dice: Dice): Body {
  const options: JsonObject = {
    apiVersion: dice.pick(['v1', 'meta.k8s.io/v1', 'apps/v1', 'x']),
    kind: dice.pick(['DeleteOptions', 'DeleteOptions', 'Pod']),
  };
  if (dice.chance(0.5))
    setKey(options, 'gracePeriodSeconds', dice.pick([0, 1, -1, 1e15, 'x', 1.5]));
  if (dice.chance(0.3))
    setKey(options, 'propagationPolicy', dice.pick(['Orphan', 'Foreground', 'x']));
  if (dice.chance(0.2)) setKey(options, 'preconditions', dice.pick([{ uid: 'x' }, {}, null, 1]));
  if (dice.chance(0.1)) setKey(options, 'dryRun', dice.pick([['All'], ['x'], 'All', []]));
  if (dice.chance(0.1)) setKey(options, 'orphanDependents', dice.pick([true, 1, null]));
  const body = encodeBody(dice, options, undefined);
  return dice.chance(0.9) || body.contentType === protobufType
    ? body
    : { ...body, contentType: percentEncoded(body.contentType) };
}
