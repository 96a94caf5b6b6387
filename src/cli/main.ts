// The `coracle` command: parses the command line and hands over to one verb.
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { describeError } from '../logger.ts';
import { parseDuration } from './duration.ts';
import { CliError, exitCodes } from './exit-codes.ts';
import { createInvocation, type Invocation } from './invocation.ts';
import { createOutput, type OutputFormat } from './output.ts';

interface GlobalOptions {
  readonly output?: OutputFormat;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
}

function invocationOf(command: Command): Invocation {
  return invocationFor(command.optsWithGlobals<GlobalOptions>());
}

function invocationFor(options: GlobalOptions): Invocation {
  const output = createOutput({
    format: options.output ?? 'text',
    quiet: options.quiet ?? false,
    verbose: options.verbose ?? false,
    stdout: process.stdout,
    stderr: process.stderr,
  });
  return createInvocation(process.env, output);
}

function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('Give a whole number.');
  return Number(text);
}

/** May be given several times; the last word on a key counts. */
const runtimeConfigOption = () =>
  new Option(
    '--runtime-config <settings>',
    'API versions to turn on or off: api/beta=true,…',
  ).argParser((text: string, before: string | undefined) =>
    before === undefined ? text : `${before},${text}`,
  );

const nameOption = () => new Option('--name <name>', 'name of the cluster').default('default');

/** Adds what every verb of a user has. */
function verb(program: Command, usage: string, description: string): Command {
  return program
    .command(usage)
    .description(description)
    .addOption(new Option('-o, --output <format>', 'result format').choices(['text', 'json']))
    .option('-q, --quiet', 'print errors only')
    .option('-v, --verbose', 'print more');
}

function addUp(program: Command): void {
  verb(program, 'up', 'start a cluster, making it first if need be')
    .addOption(nameOption())
    .option('--nodes <count>', 'number of nodes (default: 1)', wholeNumber)
    .addOption(
      new Option('--runtime <kind>', 'what runs containers (default: containerd)').choices([
        'containerd',
        'simulated',
      ]),
    )
    .option('--port <port>', 'port of the API server on 127.0.0.1', wholeNumber)
    .option('--insecure-port <port>', 'also serve without TLS and credentials here', wholeNumber)
    .addOption(runtimeConfigOption())
    .option('--data-dir <folder>', 'keep the cluster here instead of below $CORACLE_HOME')
    .option('--node-cpus <count>', 'CPUs that each node offers', Number)
    .option('--node-memory <bytes>', 'memory that each node offers', wholeNumber)
    .option('--no-install', 'only name missing packages')
    .option('--wait <duration>', 'how long to wait for nodes; 0: only for the server', '60s')
    .option('--foreground', 'stay, and stop the cluster on Ctrl-C')
    .action(async (options, command: Command) => {
      const { up } = await import('./up.ts');
      const invocation = invocationOf(command);
      await up(invocation, {
        ...options,
        dataDirectory: options.dataDir,
        nodeMemoryBytes: options.nodeMemory,
        waitMs: parseDuration('--wait', options.wait),
        foreground: options.foreground ?? false,
      });
      if (options.foreground === true) await stayInForeground(invocation, options.name);
    });
}

async function stayInForeground(invocation: Invocation, name: string): Promise<void> {
  const { down } = await import('./down.ts');
  const { untilSignal } = await import('./until-signal.ts');
  await untilSignal();
  await down(invocation, name);
}

function addLifecycle(program: Command): void {
  verb(program, 'down', 'stop a cluster and keep its data')
    .addOption(nameOption())
    .action(async (options, command: Command) => {
      const { down } = await import('./down.ts');
      await down(invocationOf(command), options.name);
    });
  verb(program, 'delete', 'stop a cluster and remove every trace of it')
    .addOption(nameOption())
    .action(async (options, command: Command) => {
      const { deleteCluster } = await import('./delete.ts');
      await deleteCluster(invocationOf(command), options.name);
    });
  verb(program, 'status', 'show what of a cluster is running')
    .addOption(nameOption())
    .action(async (options, command: Command) => {
      const { status } = await import('./status.ts');
      await status(invocationOf(command), options.name);
    });
  const get = program.command('get').description('list clusters or nodes');
  verb(get, 'clusters', 'list the clusters of this machine').action(async (_, command: Command) => {
    const { getClusters } = await import('./status.ts');
    await getClusters(invocationOf(command));
  });
  verb(get, 'nodes', 'list the nodes of a cluster')
    .addOption(nameOption())
    .action(async (options, command: Command) => {
      const { getNodes } = await import('./status.ts');
      await getNodes(invocationOf(command), options.name);
    });
}

function addAccess(program: Command): void {
  // Its `--output` is a file, as in other tools, so it has none of the formats.
  program
    .command('kubeconfig')
    .description("merge a cluster's context into your kubeconfig, print or write it")
    .addOption(nameOption())
    .option('--print', 'print it instead')
    .option('--output <file>', 'write it to a file of its own instead')
    .option('-q, --quiet', 'print errors only')
    .action(async (options) => {
      const { kubeconfig } = await import('./kubeconfig.ts');
      const { name, print, output, quiet } = options;
      kubeconfig(invocationFor({ quiet }), {
        name,
        print: print ?? false,
        ...(output && { output }),
      });
    });
  verb(program, 'token', "print the administrator's bearer token")
    .addOption(nameOption())
    .action(async (options, command: Command) => {
      const { token } = await import('./kubeconfig.ts');
      token(invocationOf(command), options.name);
    });
  const load = program.command('load').description('give images to a cluster');
  verb(load, 'image <files...>', 'load archives of images, such as `docker save` writes')
    .addOption(nameOption())
    .action(async (files: string[], options, command: Command) => {
      const { loadImages } = await import('./load.ts');
      await loadImages(invocationOf(command), { name: options.name, files });
    });
  verb(program, 'logs [component]', 'print the log of the server (default) or a node')
    .addOption(nameOption())
    .option('--tail <lines>', 'only the last lines', wholeNumber, 200)
    .option('-f, --follow', 'go on printing')
    .action(async (component: string | undefined, options, command: Command) => {
      const { logs } = await import('./logs.ts');
      await logs(invocationOf(command), {
        ...options,
        component: component ?? 'server',
        follow: options.follow ?? false,
      });
    });
  verb(program, 'doctor', 'check this machine and name the fix for each finding').action(
    async (_, command: Command) => {
      const { doctor } = await import('./doctor.ts');
      await doctor(invocationOf(command));
    },
  );
  verb(program, 'version', 'print versions').action(async (_, command: Command) => {
    const { version } = await import('./version.ts');
    version(invocationOf(command));
  });
}

const logLevelOption = () =>
  new Option('--log-level <level>', 'least level that is logged')
    .choices(['debug', 'info', 'warn', 'error'])
    .default('info');

const commaList = (text: string) => text.split(',').filter((each) => each !== '');

function addServer(program: Command): void {
  program
    .command('server')
    .description('run an API server with controllers and scheduler in the foreground')
    .requiredOption('--data-dir <folder>', 'keys, certificates and (by default) storage')
    .option('--storage <url>', 'memory:, leveldb:FOLDER, etcd://HOST:PORT[,HOST:PORT] or etcds://…')
    .option('--etcd-cafile <file>', 'PEM of the authority of an etcds:// storage')
    .option('--etcd-certfile <file>', 'PEM of the certificate to show to it')
    .option('--etcd-keyfile <file>', 'its key')
    .option('--bind-address <addresses>', 'addresses to listen on', commaList, ['0.0.0.0'])
    .option('--port <port>', 'port to listen on', wholeNumber, 6443)
    .option('--advertise-address <address>', 'where nodes and pods reach this server', '127.0.0.1')
    .option(
      '--insecure-port <port>',
      'also serve without TLS and credentials on 127.0.0.1',
      wholeNumber,
    )
    .option('--service-cidr <range>', 'range of Service addresses', '10.96.0.0/16')
    .option(
      '--cluster-cidr <range>',
      'range of pod addresses, a /24 for each node',
      '10.244.0.0/16',
    )
    .addOption(runtimeConfigOption())
    .option('--bootstrap-token-file <file>', 'token with which nodes join')
    .option('--tls-san <names>', 'further names for the serving certificate', commaList, [])
    .option(
      '--max-requests-inflight <count>',
      'reading requests answered at a time; with the next, the seats of priority and fairness',
      wholeNumber,
      400,
    )
    .option(
      '--max-mutating-requests-inflight <count>',
      'the same of writing ones',
      wholeNumber,
      200,
    )
    .option('--no-controllers', 'run the API only')
    .addOption(logLevelOption())
    .action(async (options) => {
      const { server } = await import('./server.ts');
      const { dataDir, bindAddress, tlsSan, ...others } = options;
      const { maxRequestsInflight, maxMutatingRequestsInflight } = options;
      await server({
        ...others,
        dataDirectory: dataDir,
        bindAddresses: bindAddress,
        tlsSans: tlsSan,
        maxRequestsInFlight: maxRequestsInflight,
        maxMutatingRequestsInFlight: maxMutatingRequestsInflight,
      });
    });
}

function addAgent(program: Command): void {
  program
    .command('agent')
    .description('run a node in the foreground')
    .requiredOption('--name <names>', 'name of the node; several for simulated ones', commaList)
    .requiredOption('--server <url>', 'the API server: https://HOST:PORT')
    .requiredOption('--ca-file <file>', "PEM of the cluster's authority")
    .requiredOption('--data-dir <folder>', "keys and state of this node's agent")
    .addOption(
      new Option('--runtime <kind>', 'what runs containers')
        .choices(['containerd', 'simulated'])
        .default('containerd'),
    )
    .option('--bootstrap-token-file <file>', 'token with which the node joins')
    .option('--certificate-file <file>', 'identity of simulated nodes')
    .option('--key-file <file>', 'its key')
    .option('--node-ip <addresses>', "the node's addresses", commaList, [])
    .option('--cgroup-root <path>', 'cgroup below which pods are put', '/')
    .option('--runtime-endpoint <socket>', 'CRI socket', '/run/containerd/containerd.sock')
    .option('--cluster-cidr <range>', 'range of pod addresses', '10.244.0.0/16')
    .option('--service-cidr <range>', 'range of Service addresses', '10.96.0.0/16')
    .option('--nodes-on-machine <count>', 'nodes that share the memory', wholeNumber, 1)
    .option('--node-cpus <count>', 'CPUs to offer', Number)
    .option('--node-memory <bytes>', 'memory to offer', wholeNumber)
    .addOption(logLevelOption())
    .action(async (options) => {
      const { name, server, caFile, dataDir, logLevel, runtime } = options;
      const common = { server, authorityFile: caFile, logLevel };
      if (runtime === 'simulated') {
        const { simulatedNodes } = await import('./simulated-nodes.ts');
        const { certificateFile, keyFile } = options;
        return simulatedNodes({ ...common, names: name, certificateFile, keyFile });
      }
      const { agent } = await import('./agent.ts');
      const { addressAt } = await import('../launcher/address-ranges.ts');
      return agent({
        ...common,
        ...options,
        nodeName: name[0],
        dataDirectory: dataDir,
        addresses: options.nodeIp,
        clusterDns: addressAt(options.serviceCidr, 10),
        cpus: options.nodeCpus,
        memoryBytes: options.nodeMemory,
      });
    });
}

/** The whole command line; actions reject with CliError. */
export function createProgram(): Command {
  const program = new Command('coracle')
    .description('A complete Kubernetes that one person can carry')
    .showHelpAfterError('(add --help for all options)')
    .exitOverride();
  addUp(program);
  addLifecycle(program);
  addAccess(program);
  addServer(program);
  addAgent(program);
  return program;
}

/** Any length will do: the timer only keeps the process alive. */
const keepAliveMs = 60_000;

async function main(): Promise<number> {
  // The clock's timers do not: a command that waits, and does nothing else, would end halfway.
  const alive = setInterval(() => undefined, keepAliveMs);
  try {
    await createProgram().parseAsync(process.argv);
    return exitCodes.ok;
  } catch (error) {
    // Commander has printed its own message; asking for help is no error.
    if (error instanceof CommanderError)
      return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    process.stderr.write(`coracle: ${describeError(error)}\n`);
    if (error instanceof CliError) return error.exitCode;
    if (process.env.CORACLE_DEBUG !== undefined && error instanceof Error) {
      process.stderr.write(`${error.stack}\n`);
    }
    return exitCodes.failure;
  } finally {
    clearInterval(alive);
  }
}

process.exitCode = await main();
