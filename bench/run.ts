// `npm run bench`: measures an API server or cluster, and compares the figures with the goals.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Protocol } from './load-job.ts';
import type { BenchContext, Measurement, Row } from './measurement.ts';
import { list } from './measurements/list.ts';
import { held, memory } from './measurements/memory.ts';
import { pods } from './measurements/pods.ts';
import { create, get } from './measurements/requests.ts';
import { scale } from './measurements/scale.ts';
import { start } from './measurements/start.ts';
import { watch } from './measurements/watch.ts';
import { type OwnServer, residentBytes, type StartOptions, startOwnServer } from './own-server.ts';
import { createReport, renderReport } from './report.ts';
import { type Target, targetFromKubeconfig } from './target.ts';

const measurements: readonly Measurement[] = [
  start,
  memory,
  get,
  list,
  create,
  watch,
  held,
  pods,
  scale,
];
/** As `coracle up` starts its server (src/cli/cluster.ts). */
const serverFlags: readonly string[] = ['--max-semi-space-size=16'];
const root = fileURLToPath(new URL('..', import.meta.url));

const usage = `npm run bench -- [NAME…] [options]

${measurements.map(({ name, title }) => `  ${name.padEnd(8)}${title}`).join('\n')}

  --kubeconfig FILE  measure this cluster; without, servers of our own are started and removed
  --context NAME     of the kubeconfig
  --protocol P       http/1.1 or http/2; default: both
  --runs N           of each, the median counts (3)
  --seconds S        how long each run of a rate lasts (3)
  --image IMAGE      that the started pods run; it must be present or pullable
  --nodes N, --pods N  of the many simulated nodes (1000, 10000)
  --node-options=S   more options for our server's Node.js, e.g. --cpu-prof
  --api-only         our servers run neither controllers nor scheduler, as kube-apiserver does
  --server-pid N     with --kubeconfig: the server's process, so that its memory can be read
  --dist             start our servers from dist/ instead of the sources
  -o json            the figures as JSON
`;

const options = {
  kubeconfig: { type: 'string' },
  context: { type: 'string' },
  protocol: { type: 'string' },
  runs: { type: 'string', default: '3' },
  seconds: { type: 'string', default: '3' },
  image: { type: 'string', default: 'registry.k8s.io/pause:3.10' },
  nodes: { type: 'string', default: '1000' },
  pods: { type: 'string', default: '10000' },
  'node-options': { type: 'string' },
  'api-only': { type: 'boolean', default: false },
  'server-pid': { type: 'string' },
  dist: { type: 'boolean', default: false },
  output: { type: 'string', short: 'o' },
  help: { type: 'boolean', short: 'h' },
} as const;

type Values = ReturnType<typeof parse>['values'];

function parse() {
  return parseArgs({ options, allowPositionals: true });
}

function protocolsOf(wanted: string | undefined): readonly Protocol[] {
  if (wanted === undefined) return ['http/1.1', 'http/2'];
  if (wanted === 'http/1.1' || wanted === 'http/2') return [wanted];
  throw new Error(`--protocol: "${wanted}" is neither http/1.1 nor http/2`);
}

/** One server for all measurements that want any; started when the first one asks. */
function createContext(values: Values): BenchContext & { close(): Promise<void> } {
  const { kubeconfig } = values;
  const program = join(root, values.dist ? 'dist/coracle.js' : 'src/cli/main.ts');
  const nodeOptions = values['node-options'];
  const startOptions: StartOptions = {
    command: [process.execPath, ...serverFlags, program],
    compileCache: join(root, 'node_modules/.cache/bench'),
    ...(nodeOptions === undefined ? {} : { nodeOptions }),
  };
  let own: Promise<OwnServer> | undefined;
  let target: Promise<Target> | undefined;
  const ownServer = async () => {
    if (kubeconfig !== undefined) return undefined;
    own ??= startOwnServer(startOptions, undefined, values['api-only'] ? ['--no-controllers'] : []);
    return await own;
  };
  return {
    ownServer,
    async weigh() {
      const server = await ownServer();
      if (server !== undefined) return () => server.memoryBytes();
      const pid = values['server-pid'];
      return pid === undefined ? undefined : () => residentBytes(Number(pid));
    },
    async target() {
      const server = await ownServer();
      if (server !== undefined) return server.target;
      target ??= targetFromKubeconfig(kubeconfig ?? '', values.context);
      return await target;
    },
    start: startOptions,
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
    protocols: protocolsOf(values.protocol),
    runs: Number(values.runs),
    durationMs: Number(values.seconds) * 1000,
    podImage: values.image,
    nodes: Number(values.nodes),
    pods: Number(values.pods),
    progress: (text) => void process.stderr.write(`${text}\n`),
    async close() {
      // One that could not be started has said so and has been removed.
      const server = await own?.catch(() => undefined);
      await server?.stop();
    },
  };
}

async function main(): Promise<number> {
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse();
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return 2;
  }
  const { values, positionals } = parsed;
  const unknown = positionals.find((each) => !measurements.some(({ name }) => name === each));
  if (values.help === true || unknown !== undefined) {
    process.stdout.write(usage);
    return unknown === undefined ? 0 : 2;
  }
  const wanted = measurements.filter(
    ({ name }) => positionals.length === 0 || positionals.includes(name),
  );
  const context = createContext(values);
  const rows: Row[] = [];
  let failures = 0;
  try {
    for (const measurement of wanted) {
      context.progress(`measuring: ${measurement.title}`);
      try {
        rows.push(...(await measurement.run(context)));
      } catch (error) {
        failures++;
        context.progress(`${measurement.title} failed: ${String(error)}`);
      }
    }
  } finally {
    await context.close();
  }
  const report = createReport(rows);
  const json = values.output === 'json';
  process.stdout.write(json ? `${JSON.stringify(report, null, 2)}\n` : renderReport(report));
  return failures === 0 ? 0 : 1;
}

process.exitCode = await main();
