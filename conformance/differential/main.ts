// `node conformance/differential/main.ts`: the same requests to two servers, and what differs.
import { parseArgs } from 'node:util';
import { KubeConfig } from '@kubernetes/client-node';
import { type Api, createApi } from '../api.ts';
import { cases } from './cases.ts';
import { differences, normalised } from './normalise.ts';

const usage = `node conformance/differential/main.ts --kubeconfig FILE --reference FILE

Sends a table of requests to both, in a namespace of its own, and prints each answer that differs in
more than times, identities and addresses. Controllers show as differences: API servers without any
compare best. Exits with 1 where anything differs.`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      kubeconfig: { type: 'string' },
      reference: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help || values.kubeconfig === undefined || values.reference === undefined) {
    process.stderr.write(`${usage}\n`);
    return values.help ? 0 : 2;
  }
  const servers = await Promise.all([values.kubeconfig, values.reference].map(open));
  const code = await compare(servers);
  for (const server of servers) server.close();
  return code;
}

async function open(file: string): Promise<Api> {
  const config = new KubeConfig();
  config.loadFromFile(file);
  return await createApi(config);
}

async function compare(servers: readonly Api[]): Promise<number> {
  const run = Date.now().toString(36);
  const namespace = `differential-${run}`;
  const home = `/api/v1/namespaces/${namespace}`;
  const both = (method: string, path: string, body: object) =>
    Promise.all(servers.map((server) => server.request(method, path, { body })));
  await both('POST', '/api/v1/namespaces', { metadata: { name: namespace } });
  await both('POST', `${home}/serviceaccounts`, { metadata: { name: 'default' } });
  let differing = 0;
  for (const { method, path, body, type, accept } of cases) {
    const filled = (text: string) => text.replaceAll('{ns}', namespace).replaceAll('{run}', run);
    const given = typeof body === 'string' ? body : JSON.stringify(body);
    const answers = await Promise.all(
      servers.map((server) =>
        server.request(method, filled(path), {
          ...(given === undefined ? {} : { body: filled(given) }),
          contentType: type ?? 'application/json',
          headers: { accept: accept ?? 'application/json', 'user-agent': 'differential' },
        }),
      ),
    );
    const [ours, theirs] = answers.map(normalised);
    const lines = differences(ours, theirs);
    if (lines.length === 0) continue;
    differing++;
    const what = `${method} ${path} ${(given ?? '').slice(0, 120)}`;
    process.stdout.write(`${[what, ...lines].join('\n    ')}\n`);
  }
  await both('DELETE', home, { propagationPolicy: 'Background' });
  process.stdout.write(`${cases.length} requests, ${differing} answered differently\n`);
  return differing === 0 ? 0 : 1;
}

process.exitCode = await main();
