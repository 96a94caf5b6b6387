// A small storm against an embedded server: nothing breaks, nothing stays, all can be read.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { adminToken, testApi } from '../../src/api/api.fixture.ts';
import { undeletable, unreadable } from './aftermath.ts';
import { explain, fuzz } from './run.ts';
import { readVitals, stillHeld } from './vitals.ts';
import { openWire } from './wire.ts';

const requests = 2_000;
const seed = 7;
/** Many, since some only wait: for a revision that does not come, for a stream to be cut. */
const concurrency = 16;
const settleTries = 600;

t.setTimeout(0);

/** A kubeconfig is JSON as well as YAML. */
function kubeconfig(server: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'u', user: { token: adminToken } }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  });
}

t.test(`${requests} requests of seed ${seed}`, async (t) => {
  const { api, listen } = await testApi();
  const https = await listen();
  const folder = mkdtempSync(join(tmpdir(), 'coracle-fuzz-'));
  const file = join(folder, 'kubeconfig');
  writeFileSync(file, kubeconfig(`https://127.0.0.1:${https.addresses[0]?.port}`));
  const wire = await openWire(file, concurrency + 1);
  t.teardown(async () => {
    wire.close();
    await https.close(0);
    await api.close();
    rmSync(folder, { recursive: true });
  });
  const before = await readVitals(wire);
  const { catalog, territory, counts, findings } = await fuzz(wire, {
    ...{ seed, requests, concurrency },
  });
  t.same(findings.map(explain), [], 'every answer is one that Kubernetes may give');
  t.ok((counts.get('200') ?? 0) > 100 && (counts.get('201') ?? 0) > 100, 'much was taken');
  t.ok((counts.get('400') ?? 0) > 100 && (counts.get('422') ?? 0) > 100, 'much was refused');
  t.same(await stillHeld(wire, before, settleTries), [], 'no request or watch is still held');
  t.same(await unreadable(wire, catalog, territory), [], 'all that is stored can be read');
  t.same(await undeletable(wire, catalog, territory), [], 'all that was made can be deleted');
});
