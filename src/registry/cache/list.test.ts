// Checks lists: pages, revisions, expiry, selections, and the bytes that are written.
import t from 'tap';
import { type ListRequest, openList, writeList } from './list.ts';
import { listRequest, podResource, podStore, podView, write } from './pods.fixture.ts';
import type { View } from './representation.ts';
import { getBytes, partialView, pieceBytes } from './representation.ts';
import { compileSelection } from './selection.ts';
import { tableView } from './table-view.ts';
import type { WatchCache } from './watch-cache.ts';

interface List {
  readonly kind: string;
  readonly metadata: {
    readonly resourceVersion: string;
    readonly continue?: string;
    readonly remainingItemCount?: number;
  };
  readonly items: readonly { metadata: { name: string; resourceVersion: string } }[];
}

async function text(cache: WatchCache, options: Partial<ListRequest>, view: View = podView) {
  const chunks: Uint8Array[] = [];
  const answer = await openList(cache, listRequest(options));
  await writeList(
    answer,
    view,
    (chunk) => {
      chunks.push(chunk);
      return undefined;
    },
    cache.limits.chunkBytesMax,
  );
  return { chunks, text: Buffer.concat(chunks).toString() };
}

async function list(cache: WatchCache, options: Partial<ListRequest> = {}): Promise<List> {
  return JSON.parse((await text(cache, options)).text) as List;
}

const names = (answer: List) => answer.items.map((item) => item.metadata.name).join();

t.test('bytes', async (test) => {
  const { cache, put } = await podStore();
  const empty = await text(cache, { resourceVersion: '0' });
  test.equal(
    empty.text,
    '{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"1"},"items":[]}\n',
  );
  const revision = await put('d/p', { node: 'n' });
  const rest = `"resourceVersion":"${revision}","name":"p","namespace":"d","uid":"uid-d/p"}`;
  const { text: one } = await text(cache, {});
  test.match(one, `"items":[{"metadata":{${rest},"spec":{"nodeName":"n","pad":""}}]}\n`);
  const object = cache.get('/registry/pods/d/p');
  if (object === undefined) throw new Error('the pod is not there');
  const bytes = await getBytes(podView, object);
  test.equal(
    Buffer.from(bytes).toString(),
    `{"kind":"Pod","apiVersion":"v1","metadata":{${rest},"spec":{"nodeName":"n","pad":""}}\n`,
  );
  const { text: partial } = await text(cache, {}, partialView());
  test.equal(
    partial,
    '{"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/v1",' +
      `"metadata":{"resourceVersion":"${revision}"},"items":[{"kind":"PartialObjectMetadata",` +
      `"apiVersion":"meta.k8s.io/v1","metadata":{${rest}}]}\n`,
  );
  const bare = { ...object, body: Buffer.from('{"metadata":{}}') };
  const piece = await podView.item(bare);
  test.equal(
    Buffer.from(pieceBytes(piece)).toString(),
    `{"metadata":{"resourceVersion":"${revision}"}}`,
  );
});

t.test('tables', async (test) => {
  const { cache, put, parsed, clock } = await podStore();
  const revision = await put('d/p');
  const table = (includeObject: 'None' | 'Metadata' | 'Object') =>
    tableView({
      form: { kind: 'Pod', apiVersion: 'v1', listKind: 'PodList' },
      shape: {
        columns: [{ name: 'Näme', type: 'string', description: 'x', priority: 0 }],
        cells: (pod) => [`é${pod.metadata.name}`],
      },
      includeObject,
      parse: (object) => parsed.parse(object),
      nowMs: () => clock.nowMs(),
    });
  const columns = [{ name: 'Näme', type: 'string', format: '', description: 'x', priority: 0 }];
  const cases = [
    ['None', null],
    ['Metadata', { kind: 'PartialObjectMetadata', metadata: { resourceVersion: `${revision}` } }],
    ['Object', { kind: 'Pod', apiVersion: 'v1', spec: { pad: '' } }],
  ] as const;
  for (const [include, object] of cases) {
    const answer: unknown = JSON.parse((await text(cache, {}, table(include))).text);
    test.match(answer, {
      kind: 'Table',
      apiVersion: 'meta.k8s.io/v1',
      metadata: { resourceVersion: `${revision}` },
      columnDefinitions: columns,
      rows: [{ cells: ['ép'], object }],
    });
    const pod = cache.get('/registry/pods/d/p');
    if (pod === undefined) throw new Error('the pod is not there');
    const later = Buffer.from(pieceBytes(await table(include).alone(pod, false))).toString();
    test.match(JSON.parse(later), { columnDefinitions: null, rows: [{ cells: ['ép'], object }] });
    const bookmark = Buffer.from(pieceBytes(table(include).bookmark(9))).toString();
    test.match(JSON.parse(bookmark), { metadata: { resourceVersion: '9' } });
  }
});

t.test('large answers go out in chunks that wait for the writer', async (test) => {
  const { cache, put } = await podStore({ chunkBytesMax: 1000 });
  for (let at = 0; at < 20; at++) await put(`d/p${at}`, { pad: at * 200 });
  const { chunks, text: whole } = await text(cache, {});
  test.ok(chunks.slice(0, -1).every((chunk) => chunk.byteLength === 1000));
  test.equal((JSON.parse(whole) as List).items.length, 20);
  let waiting = 0;
  let most = 0;
  await writeList(
    await openList(cache, listRequest()),
    podView,
    async () => {
      most = Math.max(most, ++waiting);
      await new Promise((resolve) => setImmediate(resolve));
      waiting--;
    },
    1000,
  );
  test.equal(most, 1);
  const failing = writeList(
    await openList(cache, listRequest()),
    podView,
    () => Promise.reject(new Error('gone')),
    1000,
  );
  await test.rejects(failing, { message: 'gone' });
});

t.test('pages are of one revision whatever is written meanwhile', async (test) => {
  for (const limits of [{}, { snapshotsMax: 0 }, { snapshotsMax: 0, undoEventsMax: 0 }]) {
    const { cache, put, remove } = await podStore(limits);
    for (const name of 'abcdefg') await put(`d/${name}`);
    await put('e/x');
    const selection = compileSelection(podResource, { namespace: 'd' });
    const first = await list(cache, { limit: 3, selection });
    test.equal(names(first), 'a,b,c');
    test.equal(first.metadata.remainingItemCount, 4);
    await remove('d/d');
    await put('d/da');
    await put('d/e');
    const next = { limit: 3, selection, continue: first.metadata.continue ?? '' };
    const second = await list(cache, next);
    test.equal(names(second), 'd,e,f');
    test.equal(second.metadata.resourceVersion, first.metadata.resourceVersion);
    test.equal(second.metadata.remainingItemCount, 1);
    const third = await list(cache, { ...next, continue: second.metadata.continue ?? '' });
    test.equal(names(third), 'g');
    test.equal(third.metadata.continue, undefined);
    const exact = { resourceVersion: first.metadata.resourceVersion, limit: 2 };
    const again = await list(cache, { ...exact, resourceVersionMatch: 'Exact' });
    test.equal(names(again), 'a,b');
    test.equal(names(await list(cache, exact)), 'a,b');
    test.equal(again.metadata.remainingItemCount, 6);
    const newest = await list(cache, { ...exact, resourceVersionMatch: 'NotOlderThan' });
    test.ok(Number(newest.metadata.resourceVersion) > Number(exact.resourceVersion));
    test.equal((await list(cache, { resourceVersion: '0', limit: 1 })).items.length, 8);
  }
});

t.test('a token that is too old gives one to go on with', async (test) => {
  const { cache, driver, put } = await podStore({ snapshotsMax: 0, undoEventsMax: 0 });
  for (const name of 'abcd') await put(`d/${name}`);
  const first = await list(cache, { limit: 2 });
  const last = await put('d/bb');
  await driver.compact(last);
  const error = await openList(
    cache,
    listRequest({ limit: 2, continue: first.metadata.continue ?? '' }),
  ).catch(
    (found: unknown) => found as { status: { code: number; metadata: { continue: string } } },
  );
  if (!('status' in error)) throw new Error('it was answered');
  test.match(error.status, { code: 410, reason: 'Expired' });
  const rest = await list(cache, { continue: error.status.metadata.continue });
  test.equal(names(rest), 'bb,c,d');
  const exact = { resourceVersion: first.metadata.resourceVersion, resourceVersionMatch: 'Exact' };
  await test.rejects(list(cache, exact), {
    code: 410,
    message: 'The resourceVersion for the provided list is too old.',
  });
});

t.test('a token expires with what storage compacts, changed since or not', async (test) => {
  const { cache, driver, put } = await podStore();
  for (const name of 'abcd') await put(`d/${name}`);
  const first = await list(cache, { limit: 2 });
  const next = { limit: 2, continue: first.metadata.continue ?? '' };
  await driver.compareAndSwap('/registry/other', 0, new Uint8Array([1]));
  test.equal(names(await list(cache, next)), 'c,d');
  await driver.compact(await driver.currentRevision());
  await test.rejects(list(cache, next), { code: 410 });
  test.equal(names(await list(cache, {})), 'a,b,c,d', 'the newest state is there');
});

t.test('selections', async (test) => {
  const { cache, put } = await podStore();
  await put('d/a', { labels: { app: 'x' }, node: 'n1' });
  await put('d/b', { labels: { app: 'y' } });
  await put('e/a', { node: 'n1' });
  await put('d,e/c=d');
  const found = async (namespace: string, labelSelector: string, fieldSelector: string) =>
    (
      await list(cache, {
        selection: compileSelection(podResource, { namespace, labelSelector, fieldSelector }),
        limit: 10,
      })
    ).items
      .map((item) => Object.values(item.metadata).slice(1, 3).reverse().join('/'))
      .join(' ');
  test.equal(await found('', 'app', ''), 'd/a d/b');
  test.equal(await found('', '', 'spec.nodeName=n1'), 'd/a e/a');
  test.equal(await found('d', '', 'spec.nodeName!=n1'), 'd/b');
  test.equal(await found('', '', 'metadata.name=a'), 'd/a e/a');
  test.equal(await found('d', '', 'metadata.name==a'), 'd/a');
  test.equal(await found('d', '', 'metadata.name=none'), '');
  test.equal(await found('d', '', 'metadata.namespace=e'), '');
  test.equal(await found('', '', 'metadata.namespace=e,metadata.name=a'), 'e/a');
  test.equal(await found('', '', 'metadata.name=c\\=d,metadata.namespace=d\\,e'), 'd,e/c=d');
  const refused: [string, string][] = [
    ['spec.x=1', 'field label not supported: spec.x'],
    ['toString=1', 'field label not supported: toString'],
    ['metadata.name', "invalid selector: 'metadata.name'; can't understand 'metadata.name'"],
    ['metadata.name=\\x', 'invalid field selector: invalid escape sequence: \\x'],
  ];
  for (const [text, message] of refused) {
    await test.rejects(found('', '', text), { code: 400, message });
  }
  test.throws(() => compileSelection({}, { namespace: '', fieldSelector: 'a=b' }), {
    message: '"a" is not a known field selector: only "metadata.name", "metadata.namespace"',
  });
});

t.test('what is refused', async (test) => {
  const { cache, clock } = await podStore();
  const token = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const v = 'meta.k8s.io/v1';
  const cases: [Partial<ListRequest>, number, string | RegExp][] = [
    [
      { continue: '???' },
      400,
      /^invalid continue token: continue key is not valid: illegal base64/,
    ],
    [{ continue: token({ v: 'x' }) }, 400, /does not recognize this encoded version x$/],
    [{ continue: token({ v, rv: 0, start: 'a' }) }, 400, /incorrect encoded start resourceVersion/],
    [{ continue: token({ v, rv: 1, start: '' }) }, 400, /encoded start key empty/],
    [{ continue: token({ v, rv: 1, start: '../x' }) }, 400, /continue key is not valid: \.\.\/x$/],
    [
      { continue: token({ v, rv: 1, start: 'a' }), resourceVersion: '1' },
      400,
      'specifying resource version is not allowed when using continue',
    ],
    [
      { resourceVersion: 'x' },
      400,
      /^invalid resource version: resourceVersion: Invalid value: "x"/,
    ],
    [{ resourceVersionMatch: 'Exact' }, 422, /is forbidden unless resourceVersion is provided$/],
    [{ resourceVersionMatch: 'Exact', resourceVersion: '0' }, 422, /"exact" is forbidden for/],
    [{ resourceVersionMatch: 'Old', resourceVersion: '1' }, 422, /Unsupported value: "Old"/],
  ];
  for (const [options, code, message] of cases) {
    await test.rejects(openList(cache, listRequest(options)), { code, message });
  }
  const future = openList(cache, listRequest({ resourceVersion: '99' }));
  const refused = test.rejects(future, {
    code: 504,
    message: 'Too large resource version: 99, current: 1',
  });
  await clock.advance(3_000);
  await refused;
});

t.test('a list sees every write that was done before it', async (test) => {
  const { cache, driver } = await podStore();
  for (let at = 0; at < 20; at++) {
    await write(driver, `d/p${at}`, {});
    const [a, b] = await Promise.all([list(cache), list(cache)]);
    test.equal(a.items.length, at + 1);
    test.equal(b.items.length, at + 1);
    const other = await driver.compareAndSwap(`/registry/other/${at}`, 0, Buffer.from('{}'));
    const quiet = await list(cache);
    test.equal(quiet.metadata.resourceVersion, String(other.ok && other.revision));
  }
});
