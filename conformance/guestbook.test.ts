// The guest book of examples/, from `kubectl apply -k` to its deletion, as a user would do it.
import { join } from 'node:path';
import t from 'tap';
import type { AnyObject } from './api.ts';
import { openCluster, type TestCluster } from './cluster.fixture.ts';
import { repository } from './coracle.ts';
import { inSteps } from './steps.ts';
import { pause, waitFor } from './wait.ts';

t.setTimeout(0);
const step = inSteps();
const folder = join(repository, 'examples/guestbook');
const inGuestbook = ['--namespace', 'guestbook'];

interface Page {
  readonly greeting: string;
  readonly servedBy: string;
  readonly messages: readonly string[];
}

/** One request to the API through a node's NodePort; a refused connection throws. */
async function messages(origin: string, message?: string): Promise<Page> {
  const answer = await fetch(`${origin}/api/messages`, {
    signal: AbortSignal.timeout(5000),
    headers: { connection: 'close' },
    ...(message === undefined ? {} : { method: 'POST', body: message }),
  });
  if (!answer.ok) throw new Error(`${origin}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as Page;
}

async function servedBy(origin: string): Promise<string> {
  const answer = await fetch(origin, {
    signal: AbortSignal.timeout(5000),
    headers: { connection: 'close' },
  });
  await answer.text();
  return answer.headers.get('x-served-by') ?? '';
}

function reasonOf(error: unknown): string {
  const { message, cause } = error as Error;
  return cause === undefined ? message : `${message}: ${String(cause)}`;
}

function jsonPath({ kubectl }: TestCluster, kind: string, path: string): Promise<string> {
  return kubectl.ok([...inGuestbook, 'get', ...kind.split(' '), '-o', `jsonpath=${path}`]);
}

const cluster = await openCluster();
t.teardown(() => cluster.close());
const { kubectl } = cluster;
const k = (...args: string[]) => kubectl.ok([...inGuestbook, ...args]);
let origins: string[] = [];

step('kubectl apply -k brings every tier up', async (t) => {
  const applied = await kubectl.ok(['apply', '-k', folder]);
  t.match(applied, /namespace\/guestbook created/);
  t.match(applied, /deployment.apps\/frontend created/);
  for (const name of ['redis', 'backend', 'frontend']) {
    t.match(await k('rollout', 'status', `deployment/${name}`, '--timeout=120s'), 'successfully');
  }
  await k('wait', '--for=condition=Available', 'deployment', '--all', '--timeout=60s');
  const again = await kubectl.ok(['apply', '-k', folder]);
  t.notMatch(again, /created|configured/, 'applying it again changes nothing');
});

step('the NodePort of either node answers', async (t) => {
  const port = await jsonPath(cluster, 'service frontend', '{.spec.ports[0].nodePort}');
  const path = '{.items[*].status.addresses[?(@.type=="InternalIP")].address}';
  const addresses = (await jsonPath(cluster, 'nodes', path)).split(' ');
  t.ok(addresses.length >= 2, `nodes: ${addresses.join(' ')}`);
  origins = addresses.slice(0, 2).map((address) => `http://${address}:${port}`);
  for (const origin of origins) {
    const page = await messages(origin);
    t.equal(page.greeting, 'Ahoy');
    t.strictSame(page.messages, ['Welcome aboard'], `${origin} shows the seeded message`);
  }
  await messages(origins[0] ?? '', 'Signed with "quotes" and \\');
  const { messages: signed } = await messages(origins[1] ?? '');
  t.strictSame(signed, ['Signed with "quotes" and \\', 'Welcome aboard']);
});

step('scaled to six, all six serve', async (t) => {
  await k('scale', 'deployment/frontend', '--replicas=6');
  await k('rollout', 'status', 'deployment/frontend', '--timeout=60s');
  const seen = new Set<string>();
  await waitFor('answers of all six', async () => {
    for (const origin of origins) seen.add(await servedBy(origin));
    return seen.size === 6;
  });
  const names = (
    await jsonPath(cluster, 'pods -l app=frontend', '{.items[*].metadata.name}')
  ).split(' ');
  t.strictSame([...seen].sort(), names.sort());
});

step('rollout restart replaces all pods and drops no request', async (t) => {
  const before = await jsonPath(cluster, 'pods -l app=frontend', '{.items[*].metadata.name}');
  let asked = 0;
  const failures: string[] = [];
  let rolling = true;
  const asking = (async () => {
    while (rolling) {
      for (const origin of origins) {
        asked++;
        await servedBy(origin).catch((error: unknown) => failures.push(reasonOf(error)));
      }
      await pause(20);
    }
  })();
  await k('rollout', 'restart', 'deployment/frontend');
  await k('rollout', 'status', 'deployment/frontend', '--timeout=120s');
  rolling = false;
  await asking;
  const pods = JSON.parse(await k('get', 'pods', '-l', 'app=frontend', '-o', 'json')) as AnyObject;
  const after = (pods.items ?? []).filter(({ metadata }) => !metadata.deletionTimestamp);
  t.equal(after.length, 6);
  t.notOk(
    after.some(({ metadata }) => before.includes(metadata.name ?? '')),
    'no old pod is left',
  );
  t.strictSame(failures, [], `of ${asked} requests none failed`);
});

step('rollout undo takes a change back', async (t) => {
  await k('set', 'env', 'deployment/backend', 'GREETING=Farewell');
  await k('rollout', 'status', 'deployment/backend', '--timeout=120s');
  await waitFor('the new greeting', async () => {
    return (await messages(origins[0] ?? '')).greeting === 'Farewell';
  });
  t.match(await k('rollout', 'history', 'deployment/backend'), /\n2 /);
  await k('rollout', 'undo', 'deployment/backend');
  await k('rollout', 'status', 'deployment/backend', '--timeout=120s');
  await waitFor('the old greeting', async () => {
    return (await messages(origins[0] ?? '')).greeting === 'Ahoy';
  });
});

step('a killed container is healed and keeps its data', async (t) => {
  const command = 'redis-cli -a "$REDIS_PASSWORD" --no-auth-warning shutdown';
  await kubectl.run([...inGuestbook, 'exec', 'deploy/redis', '--', 'sh', '-c', command]);
  const restarts = '{.items[0].status.containerStatuses[0].restartCount}';
  await waitFor('a restart', async () => {
    return (await jsonPath(cluster, 'pods -l app=redis', restarts)) === '1';
  });
  await k('wait', '--for=condition=Ready', 'pod', '-l', 'app=redis', '--timeout=60s');
  const page = await waitFor('the messages', () => messages(origins[0] ?? ''));
  t.equal(page.messages.length, 2);
});

step('exec runs commands and gives their exit status', async (t) => {
  const echoed = await kubectl.ok([...inGuestbook, 'exec', '-i', 'deploy/backend', '--', 'cat'], {
    input: 'hi\n',
    timeoutMs: 20_000,
  });
  t.equal(echoed, 'hi\n');
  const { code } = await kubectl.run([
    ...inGuestbook,
    ...['exec', 'deploy/backend', '--', 'sh', '-c', 'exit 42'],
  ]);
  t.equal(code, 42);
});

step('logs -f follows', async (t) => {
  const pod = await jsonPath(cluster, 'pods -l app=frontend', '{.items[0].metadata.name}');
  t.match(await k('logs', 'deploy/backend', '-c', 'seed'), /seeded/);
  const child = kubectl.start([...inGuestbook, 'logs', '-f', '--tail=0', pod]);
  let printed = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    printed += chunk.toString();
  });
  await waitFor('a line for a request', async () => {
    for (const origin of origins) await servedBy(`${origin}/?followed`);
    return printed.includes('/?followed');
  });
  child.kill();
  t.pass('the line came');
});

step('port-forward reaches a Service', async (t) => {
  const child = kubectl.start([...inGuestbook, 'port-forward', 'service/frontend', ':80']);
  let printed = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    printed += chunk.toString();
  });
  try {
    const port = await waitFor(
      'a local port',
      () => /Forwarding from 127.0.0.1:(\d+)/.exec(printed)?.[1],
    );
    const page = await messages(`http://127.0.0.1:${port}`);
    t.equal(page.messages.length, 2);
  } finally {
    child.kill();
  }
});

step('cp copies out and in', async (t) => {
  const pod = await jsonPath(cluster, 'pods -l app=backend', '{.items[0].metadata.name}');
  const local = join(cluster.scratch, 'copied');
  await k('cp', join(folder, 'README.md'), `${pod}:/tmp/readme`, '-c', 'backend');
  await k('cp', `${pod}:/tmp/readme`, local, '-c', 'backend');
  const { readFileSync } = await import('node:fs');
  t.equal(readFileSync(local, 'utf8'), readFileSync(join(folder, 'README.md'), 'utf8'));
});

step('delete -k leaves nothing', async (t) => {
  await kubectl.ok(['delete', '-k', folder, '--timeout=120s']);
  const { stderr } = await kubectl.run(['get', 'namespace', 'guestbook']);
  t.match(stderr, /namespaces "guestbook" not found/);
});

t.test('the cluster goes without a trace', async (t) => {
  t.strictSame(await cluster.close(), []);
});
