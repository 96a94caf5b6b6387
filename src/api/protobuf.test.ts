// Protobuf in both directions over the real API: every verb, shapes, errors, watches.
import t from 'tap';
import { WebSocket } from 'ws';
import { createProtobufCodec } from '../registry/schema/protobuf/codec.ts';
import {
  enveloped,
  protobufMediaType,
  readEnvelope,
} from '../registry/schema/protobuf/envelope.ts';
import { loadTypeTable } from '../registry/schema/table.ts';
import { adminToken, testApi } from './api.fixture.ts';
import type { ApiResponse } from './request.ts';

const codec = createProtobufCodec(loadTypeTable());
const types = {
  core: 'io.k8s.api.core.v1',
  meta: 'io.k8s.apimachinery.pkg.apis.meta.v1',
} as const;
const maps = '/api/v1/namespaces/default/configmaps';
const server = await testApi();
t.teardown(() => server.api.close());

interface Ask {
  readonly body?: Uint8Array;
  readonly accept?: string;
  readonly contentType?: string;
  readonly signal?: AbortSignal;
}

function ask(method: string, url: string, options: Ask = {}): Promise<ApiResponse> {
  const { body, accept = protobufMediaType, contentType = protobufMediaType, signal } = options;
  return server.api.handler({
    method,
    url,
    headers: {
      authorization: `Bearer ${adminToken}`,
      accept,
      ...(body === undefined ? {} : { 'content-type': contentType }),
    },
    ...(body === undefined ? {} : { body: once(body) }),
    signal: signal ?? new AbortController().signal,
  });
}

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}

async function bytesOf({ body }: ApiResponse): Promise<Buffer> {
  if (typeof body !== 'function') return Buffer.from(body ?? '');
  const chunks: Buffer[] = [];
  await body({ write: (chunk) => void chunks.push(Buffer.from(chunk)) as undefined });
  return Buffer.concat(chunks);
}

/** An answer's object, with what its envelope says. */
async function read(answer: ApiResponse, type: string): Promise<Record<string, unknown>> {
  t.equal(answer.headers['content-type'], protobufMediaType);
  return open(await bytesOf(answer), type);
}

function open(bytes: Uint8Array, type: string): Record<string, unknown> {
  const { kind, apiVersion, raw } = readEnvelope(bytes);
  return { kind, apiVersion, ...codec.decode(type, raw) };
}

function configMap(name: string, data: Record<string, string> = {}): Uint8Array {
  const object = { metadata: { name, labels: { app: 'x' } }, data };
  return enveloped('v1', 'ConfigMap', codec.encode(`${types.core}.ConfigMap`, object));
}

async function json(url: string): Promise<unknown> {
  return (await server.call('GET', url)).body;
}

t.test('every verb answers what JSON shows', async (t) => {
  const type = `${types.core}.ConfigMap`;
  const made = await ask('POST', maps, { body: configMap('a', { k: 'é' }) });
  t.equal(made.status, 201);
  t.same(await read(made, type), await json(`${maps}/a`));
  t.same(await read(await ask('GET', `${maps}/a`), type), await json(`${maps}/a`));
  const put = await ask('PUT', `${maps}/a`, { body: configMap('a', { k: 'w' }) });
  t.match(await read(put, type), { data: { k: 'w' } });
  const patch = await ask('PATCH', `${maps}/a`, {
    body: Buffer.from('{"data":{"p":"q"}}'),
    contentType: 'application/merge-patch+json',
  });
  t.match(await read(patch, type), { data: { k: 'w', p: 'q' } });
  await ask('POST', maps, { body: configMap('b') });
  const list = await read(await ask('GET', `${maps}?labelSelector=app`), `${type}List`);
  t.same(list, await json(`${maps}?labelSelector=app`));
  const page = await read(await ask('GET', `${maps}?limit=1`), `${type}List`);
  const { metadata } = (await json(`${maps}?limit=1`)) as { metadata: object };
  t.match(page, { items: { length: 1 }, metadata });
  const dry = await ask('POST', `${maps}?dryRun=All`, { body: configMap('dry') });
  t.notMatch(await read(dry, type), { metadata: { resourceVersion: /./ } });
  const options = codec.encode(`${types.meta}.DeleteOptions`, { gracePeriodSeconds: 0 });
  const gone = await ask('DELETE', `${maps}/a`, {
    body: enveloped('v1', 'DeleteOptions', options),
  });
  t.match(await read(gone, `${types.meta}.Status`), { kind: 'Status', status: 'Success' });
  const all = await ask('DELETE', maps);
  t.match(await read(all, `${type}List`), { kind: 'ConfigMapList' });
});

t.test('metadata only, discovery, reviews, scale', async (t) => {
  await ask('POST', maps, { body: configMap('m', { k: 'v' }) });
  const accept = (as: string) => `${protobufMediaType};as=${as};g=meta.k8s.io;v=v1`;
  const partial = await ask('GET', `${maps}/m`, { accept: accept('PartialObjectMetadata') });
  t.match(await read(partial, `${types.meta}.PartialObjectMetadata`), {
    kind: 'PartialObjectMetadata',
    apiVersion: 'meta.k8s.io/v1',
    metadata: { name: 'm', labels: { app: 'x' }, resourceVersion: /\d+/ },
  });
  const listed = await ask('GET', maps, { accept: accept('PartialObjectMetadataList') });
  t.match(await read(listed, `${types.meta}.PartialObjectMetadataList`), {
    kind: 'PartialObjectMetadataList',
    items: [{ metadata: { name: 'm' } }],
  });
  const wrong = await ask('GET', maps, { accept: accept('PartialObjectMetadata') });
  t.equal(wrong.status, 406);
  t.match(JSON.parse(String(await bytesOf(wrong))), {
    message:
      'you requested PartialObjectMetadata, but the requested object is a list (*core.ConfigMapList)',
  });
  const resources = await ask('GET', '/apis/apps/v1');
  t.match(await read(resources, `${types.meta}.APIResourceList`), { groupVersion: 'apps/v1' });
  const groups = await read(await ask('GET', '/apis'), `${types.meta}.APIGroupList`);
  t.same(groups, await json('/apis'));
  const form = ';g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
  const aggregated = await ask('GET', '/apis', { accept: protobufMediaType + form });
  t.equal(aggregated.headers['content-type'], protobufMediaType + form);
  const discovered = 'io.k8s.api.apidiscovery.v2.APIGroupDiscoveryList';
  const inJson = await server.call('GET', '/apis', undefined, {
    accept: `application/json${form}`,
  });
  t.same(open(await bytesOf(aggregated), discovered), inJson.body);
  const review = 'io.k8s.api.authorization.v1.SelfSubjectAccessReview';
  const spec = { resourceAttributes: { verb: 'get', resource: 'pods' } };
  const body = enveloped(
    'authorization.k8s.io/v1',
    'SelfSubjectAccessReview',
    codec.encode(review, { spec }),
  );
  const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
  t.match(await read(await ask('POST', path, { body }), review), { status: { allowed: true } });
  const asTable = { body, accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' };
  const table = await ask('POST', path, asTable);
  t.equal(table.status, 406, 'what is not stored has no columns');
});

t.test('what is refused says so in the form asked for', async (t) => {
  const missing = await ask('GET', `${maps}/none`);
  t.equal(missing.status, 404);
  t.match(await read(missing, `${types.meta}.Status`), {
    kind: 'Status',
    apiVersion: 'v1',
    reason: 'NotFound',
    message: 'configmaps "none" not found',
    details: { name: 'none', kind: 'configmaps' },
    code: 404,
  });
  const unrecognized = 'the object provided is unrecognized (must be of type ConfigMap): ';
  const cut = configMap('cut').subarray(0, -30);
  const bodies: readonly [Uint8Array, number, string][] = [
    [Buffer.from('{}'), 400, `${unrecognized}provided data does not appear to be a protobuf`],
    [Buffer.from('k8s\0'), 400, `${unrecognized}empty body (6b387300)`],
    [Buffer.from('k8s\0\n'), 400, `${unrecognized}unexpected EOF (6b3873000a)`],
    [new Uint8Array(0), 400, `${unrecognized}empty data (<empty>)`],
    [cut, 400, `${unrecognized}unexpected EOF (6b387300`],
    [
      enveloped('v1', 'ConfigMap', Buffer.from('0a05', 'hex')),
      400,
      'ConfigMap in version "v1" cannot be handled as a ConfigMap: unexpected EOF',
    ],
    [
      enveloped('v1', 'Pod', Buffer.from('0a00', 'hex')),
      400,
      'Pod in version "v1" cannot be handled as a ConfigMap: converting (v1.Pod) to (core.ConfigMap): unknown conversion',
    ],
    [
      enveloped('v9', 'ConfigMap', Buffer.from('0a00', 'hex')),
      400,
      'ConfigMap in version "v9" cannot be handled as a ConfigMap: no kind "ConfigMap" is registered for version "v9"',
    ],
  ];
  for (const [body, code, message] of bodies) {
    const answer = await ask('POST', maps, { body, accept: 'application/json' });
    t.equal(answer.status, code);
    const status = JSON.parse(String(await bytesOf(answer))) as { message: string };
    t.equal(status.message.slice(0, message.length), message);
  }
  const cbor = await ask('POST', maps, {
    body: configMap('x'),
    contentType: 'application/cbor',
    accept: 'image/png',
  });
  t.equal(cbor.status, 406);
  t.match(JSON.parse(String(await bytesOf(cbor))), {
    message:
      '406: Not Acceptable\n\nAvailable representations: ' +
      'application/json, application/yaml, application/vnd.kubernetes.protobuf',
  });
  const listed = await ask('GET', maps, { accept: 'application/*' });
  t.match(JSON.parse(String(await bytesOf(listed))), {
    message: /protobuf, application\/json;stream=watch, .*protobuf;stream=watch$/,
    details: {},
  });
  t.equal((await ask('GET', '/version')).status, 406);
  t.equal((await ask('GET', '/version', { accept: 'x/y, */*;q=0.1' })).status, 200);
  const media = await ask('POST', maps, { body: configMap('x'), contentType: 'application/cbor' });
  t.match(await read(media, `${types.meta}.Status`), {
    code: 415,
    message:
      'the body of the request was in an unknown format - accepted media types include: ' +
      'application/json, application/yaml, application/vnd.kubernetes.protobuf',
  });
});

/** Events out of length-delimited frames, as they come. */
function frames(bytes: Buffer): readonly Buffer[] {
  const found: Buffer[] = [];
  for (let at = 0; at + 4 <= bytes.length; ) {
    const end = at + 4 + bytes.readUInt32BE(at);
    found.push(bytes.subarray(at + 4, end));
    at = end;
  }
  return found;
}

/** WatchEvent: its type under 1, and a RawExtension under 2 whose only field is the object. */
function readEvent(frame: Buffer): { type: string; object: Buffer } {
  const typeEnd = 2 + (frame[1] ?? 0);
  let at = typeEnd + 1;
  for (const _ of ['extension', 'raw']) {
    while ((frame[at] ?? 0) >= 0x80) at++;
    at += 2;
  }
  return { type: frame.subarray(2, typeEnd).toString(), object: frame.subarray(at - 1) };
}

t.test('a watch, with bookmarks and errors', async (t) => {
  await ask('DELETE', maps);
  await ask('POST', maps, { body: configMap('w1') });
  const stop = new AbortController();
  const url = `${maps}?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true`;
  const answer = await ask('GET', url, { signal: stop.signal });
  t.equal(answer.headers['content-type'], `${protobufMediaType};stream=watch`);
  const { body } = answer;
  if (typeof body !== 'function') throw new Error('a watch is a stream');
  let all = Buffer.alloc(0);
  const done = body({
    write(chunk) {
      all = Buffer.concat([all, Buffer.from(chunk)]);
      const count = frames(all).length;
      if (count === 2) void ask('POST', maps, { body: configMap('w2', { big: 'x'.repeat(300) }) });
      if (count === 3) stop.abort();
      return undefined;
    },
  });
  await done;
  const events = frames(all).map(readEvent);
  const seen = events.map(({ type, object }) => [type, open(object, `${types.core}.ConfigMap`)]);
  t.match(seen, [
    ['ADDED', { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'w1' } }],
    [
      'BOOKMARK',
      {
        kind: 'ConfigMap',
        metadata: { annotations: { 'k8s.io/initial-events-end': 'true' }, resourceVersion: /\d+/ },
      },
    ],
    ['ADDED', { metadata: { name: 'w2' }, data: { big: /^x{300}$/ } }],
  ]);
  t.same(seen[2]?.[1], await json(`${maps}/w2`));
});

t.test('over a WebSocket, each event is a binary frame', async (t) => {
  const listening = await server.listen();
  t.teardown(() => listening.close(0));
  const socket = new WebSocket(`wss://127.0.0.1:${listening.addresses[0]?.port}${maps}?watch=1`, {
    ca: server.authority.certificate,
    headers: { authorization: `Bearer ${adminToken}`, accept: protobufMediaType },
  });
  const [data, isBinary] = await new Promise<[Buffer, boolean]>((resolve, reject) => {
    socket.once('message', (message, binary) => resolve([message as Buffer, binary]));
    socket.once('error', reject);
  });
  t.ok(isBinary);
  const { type, object } = readEvent(data);
  t.match([type, open(object, `${types.core}.ConfigMap`)], ['ADDED', { kind: 'ConfigMap' }]);
  socket.terminate();
});
