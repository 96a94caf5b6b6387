// `npm run conformance`: runs the black-box suites against the cluster of any kubeconfig.
import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { kubeconfigVariable } from './cluster.fixture.ts';

const usage = `npm run conformance -- [--kubeconfig FILE] [SUITE...]

  --kubeconfig FILE  the cluster to test (default: $KUBECONFIG)
  SUITE              only suites and test files whose name contains this

The cluster must have two nodes that can pull busybox:1.35, nginx:1.22 and redis:7.0. Tests make
namespaces of their own and delete them. Without any kubeconfig each file starts a cluster itself.`;

const folder = fileURLToPath(new URL('.', import.meta.url));

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { kubeconfig: { type: 'string' }, help: { type: 'boolean' } },
  });
  if (values.help === true) {
    process.stdout.write(`${usage}\n`);
    return 0;
  }
  const kubeconfig = values.kubeconfig ?? process.env.KUBECONFIG;
  if (kubeconfig !== undefined && !existsSync(kubeconfig)) {
    process.stderr.write(`there is no kubeconfig ${kubeconfig}\n`);
    return 2;
  }
  const environment = {
    ...process.env,
    TAP_REPORTER: 'tap',
    ...(kubeconfig === undefined ? {} : { [kubeconfigVariable]: resolve(kubeconfig) }),
  };
  const files = readdirSync(folder).filter((name) => name.endsWith('.test.ts'));
  const named = files.filter((name) => positionals.some((part) => name.includes(part)));
  // A name that is no file's is a suite's; those are all in one file.
  const wanted = positionals.length === 0 ? files : named.length > 0 ? named : ['suites.test.ts'];
  const suites = named.length > 0 ? '' : positionals.join(',');
  let failed = 0;
  for (const name of wanted) {
    const code = await runFile(join(folder, name), {
      ...environment,
      CORACLE_CONFORMANCE_SUITES: suites,
    });
    if (code !== 0) failed++;
  }
  return failed === 0 ? 0 : 1;
}

function runFile(path: string, environment: NodeJS.ProcessEnv): Promise<number> {
  return new Promise((done, reject) => {
    const child = spawn(process.execPath, [path], { env: environment, stdio: 'inherit' });
    child.on('error', reject);
    child.on('close', (code) => done(code ?? 1));
  });
}

process.exitCode = await main();
