// `coracle kubeconfig` and `coracle token`: access to a cluster for other tools.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { clusterAccess, findCluster } from './cluster.ts';
import { CliError } from './exit-codes.ts';
import type { Invocation } from './invocation.ts';
import { mergeKubeconfig, renderKubeconfig, userKubeconfigPath } from './kubeconfig-file.ts';

export interface KubeconfigOptions {
  readonly name: string;
  readonly print: boolean;
  readonly output?: string;
}

/** Prints, writes to a file, or (neither asked) merges into the user's own kubeconfig. */
export function kubeconfig(invocation: Invocation, options: KubeconfigOptions): void {
  const access = clusterAccess(findCluster(invocation, options.name));
  const text = renderKubeconfig(options.name, access);
  if (options.print) {
    process.stdout.write(text);
  } else if (options.output !== undefined) {
    writeFileSync(options.output, text, { mode: 0o600 });
  } else {
    const path = userKubeconfigPath(invocation.environment);
    mergeKubeconfig(path, options.name, access);
    invocation.output.say(`Merged into ${path}`);
  }
}

/** Prints the administrator's bearer token. */
export function token(invocation: Invocation, name: string): void {
  const { paths } = findCluster(invocation, name);
  try {
    process.stdout.write(readFileSync(join(paths.pki, 'admin-token'), 'utf8'));
  } catch (error) {
    const message = `cluster "${name}" has no token yet; start it: coracle up --name ${name}`;
    throw new CliError('failure', message, { cause: error });
  }
}
