// The objects that are measured with, and the scratch namespace that holds them.
import { type Ask, askJson, askStatus } from './connection.ts';
import type { BenchContext, Row } from './measurement.ts';
import { runLoad } from './processes.ts';
import type { Target } from './target.ts';

/** What kubectl-made pods of real applications are about the size of. */
const podBytes = 4096;
const populateClients = 64;

/** A pod that no scheduler and no node takes, so that it stays as it was made; `%d`: a number. */
export function idlePod(bytes = podBytes): string {
  const pod = (filler: string) =>
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name: 'pod-%d',
        labels: { app: 'bench', 'app.kubernetes.io/name': 'bench', tier: 'back-end' },
        annotations: { 'bench.example.com/filler': filler },
      },
      spec: {
        schedulerName: 'nobody',
        automountServiceAccountToken: false,
        containers: ['main', 'sidecar'].map((name) => ({
          name,
          image: `registry.example.com/bench/${name}:1.0.0`,
          ports: [{ name: 'http', containerPort: name === 'main' ? 8080 : 8081 }],
          env: [1, 2, 3, 4].map((index) => ({ name: `SETTING_${index}`, value: 'some value' })),
          resources: { requests: { cpu: '10m', memory: '16Mi' } },
          readinessProbe: { httpGet: { path: '/ready', port: 'http' } },
        })),
      },
    });
  return pod('x'.repeat(bytes - pod('').length));
}

/** Asks and throws on any status that is not wanted. */
export async function must(
  target: Target,
  ask: Omit<Ask, 'onData'>,
  also: readonly number[] = [],
): Promise<unknown> {
  const { status, body } = await askJson(target, ask);
  if (status < 300 || also.includes(status)) return body;
  throw new Error(`${ask.method} ${ask.path} was answered ${status}: ${JSON.stringify(body)}`);
}

const alreadyExists = 409;
const notFound = 404;
const timedOut = 504;

/** Makes the namespace and its service account, where no controller does. */
export async function createNamespace(target: Target, name: string): Promise<void> {
  const post = (path: string, body: object) =>
    must(target, { method: 'POST', path, body: JSON.stringify(body) }, [alreadyExists]);
  await post('/api/v1/namespaces', { metadata: { name } });
  await post(`/api/v1/namespaces/${name}/serviceaccounts`, { metadata: { name: 'default' } });
}

/** Deletes what is in it, for a server without controllers, then the namespace. */
export async function deleteNamespace(target: Target, name: string): Promise<void> {
  const path = `/api/v1/namespaces/${name}`;
  const grace = '?gracePeriodSeconds=0';
  // A server that does not delete them all within its deadline has deleted many.
  const pods = { method: 'DELETE', path: `${path}/pods${grace}` };
  while ((await askStatus(target, pods)) === timedOut);
  await must(target, { method: 'DELETE', path: `${path}/configmaps` }, [notFound]);
  await must(target, { method: 'DELETE', path }, [notFound, alreadyExists]);
}

/** Measures in a namespace of its own, which is gone afterwards. */
export async function inNamespace(
  context: BenchContext,
  name: string,
  measure: (target: Target) => Promise<Row[]>,
): Promise<readonly Row[]> {
  const target = await context.target();
  await createNamespace(target, name);
  try {
    return await measure(target);
  } finally {
    await deleteNamespace(target, name);
  }
}

/** Fills a namespace with idle pods. */
export async function createPods(
  target: Target,
  namespace: string,
  count: number,
  bytes = podBytes,
): Promise<void> {
  const { failed } = await runLoad({
    kind: 'create',
    target,
    protocol: 'http/1.1',
    connections: populateClients,
    path: `/api/v1/namespaces/${namespace}/pods`,
    body: idlePod(bytes),
    firstNumber: 0,
    requests: count,
  });
  if (failed > 0) throw new Error(`${failed} of ${count} pods could not be created`);
}
