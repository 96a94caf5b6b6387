// SIGKILL of a whole server under write load, fifty times: what was acknowledged is there.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { seededRandom } from '../random.ts';
import { freePort, type ServerProcess, startServerProcess } from './server.fixture.ts';

const crashes = 50;
const writers = 8;
const maps = '/api/v1/namespaces/default/configmaps';

interface StoredMap {
  readonly metadata: { readonly name: string; readonly uid: string; resourceVersion: string };
  readonly data: { readonly count: string; readonly filler: string };
}

/** What the server has promised, by name: the newest acknowledged state. */
const promised = new Map<string, { uid: string; revision: number; count: number }>();
let revisionMax = 0;

// Fifty starts of a whole server: a minute on a machine with nothing else to do.
t.setTimeout(280_000);

const fillerOf = (count: number) => `${count}:`.repeat(64);

/** Writes until the server is gone; only what was answered is noted. */
async function write(server: ServerProcess, name: string, acknowledged: () => void) {
  let count = 0;
  let resourceVersion: string | undefined;
  for (;;) {
    const next = count + 1;
    const object = {
      metadata: { name, resourceVersion },
      data: { count: String(next), filler: fillerOf(next) },
    };
    let answer: Awaited<ReturnType<ServerProcess['call']>>;
    try {
      answer =
        count === 0
          ? await server.call('POST', maps, object)
          : await server.call('PUT', `${maps}/${name}`, object);
    } catch {
      return;
    }
    if (answer.status >= 300) throw new Error(JSON.stringify(answer.body));
    const { metadata } = answer.body as StoredMap;
    resourceVersion = metadata.resourceVersion;
    count = next;
    const revision = Number(resourceVersion);
    revisionMax = Math.max(revisionMax, revision);
    promised.set(name, { uid: metadata.uid, revision, count });
    acknowledged();
  }
}

/** Everything that breaks a promise, in words. */
async function broken(server: ServerProcess): Promise<readonly string[]> {
  const { body } = await server.call('GET', maps);
  const list = body as { metadata: { resourceVersion: string }; items: readonly StoredMap[] };
  const wrong: string[] = [];
  if (Number(list.metadata.resourceVersion) < revisionMax) wrong.push('revisions went back');
  const found = new Map(list.items.map((each) => [each.metadata.name, each]));
  for (const [name, promise] of promised) {
    const stored = found.get(name);
    if (stored === undefined) {
      wrong.push(`${name} is lost`);
      continue;
    }
    if (stored.metadata.uid !== promise.uid) wrong.push(`${name} is another object`);
    // One more write may have come through whose answer did not.
    const ahead = Number(stored.data.count) - promise.count;
    if (ahead !== 0 && ahead !== 1) wrong.push(`${name} is ${ahead} writes ahead`);
  }
  for (const { metadata, data } of list.items) {
    if (data.filler !== fillerOf(Number(data.count))) wrong.push(`${metadata.name} is torn`);
  }
  return wrong;
}

t.test(`${crashes} crashes lose nothing that was acknowledged`, { timeout: 280_000 }, async (t) => {
  const random = seededRandom(11);
  const dataDirectory = await mkdtemp(join(tmpdir(), 'coracle-crash-'));
  t.teardown(() => rm(dataDirectory, { recursive: true, force: true }));
  const ports = { port: await freePort(), insecurePort: await freePort() };
  for (let crash = 0; crash < crashes; crash++) {
    const server = await startServerProcess({ dataDirectory, ...ports });
    let left = 10 + Math.floor(random.next() * 100);
    let killed: Promise<void> | undefined;
    const acknowledged = () => {
      if (--left <= 0) killed ??= server.kill('SIGKILL');
    };
    const wrong = await broken(server);
    if (crash % 10 === 9) t.comment(`${crash + 1} crashes`);
    if (wrong.length > 0) t.fail(`after crash ${crash}`, { wrong });
    await Promise.all(
      Array.from({ length: writers }, (_, at) => write(server, `w${crash}-${at}`, acknowledged)),
    );
    await killed;
  }
  const server = await startServerProcess({ dataDirectory, ...ports });
  t.same(await broken(server), []);
  // A writer may be killed before its first answer, but never all of them.
  t.ok(promised.size > crashes, `${promised.size} objects were promised`);
  await server.kill('SIGTERM');
});
