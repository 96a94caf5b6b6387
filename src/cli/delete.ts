// `coracle delete`: stops a cluster and removes every trace of it from the machine.
import { existsSync, lstatSync, readFileSync, realpathSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { listClusters } from '../launcher/cluster-files.ts';
import { stopSlices } from '../launcher/systemd-scope.ts';
import { findCluster } from './cluster.ts';
import type { Invocation } from './invocation.ts';
import { removeFromKubeconfig, userKubeconfigPath } from './kubeconfig-file.ts';
import { inStep } from './output.ts';
import { stopCluster, usesScopes } from './processes.ts';

export async function deleteCluster(invocation: Invocation, name: string): Promise<void> {
  const cluster = findCluster(invocation, name);
  await inStep(invocation.output, `Deleting cluster "${name}"`, async () => {
    await stopCluster(invocation, cluster);
    if (usesScopes(invocation)) await stopSlices(cluster.facts.id);
    removeFromKubeconfig(userKubeconfigPath(invocation.environment), name);
    const { directory } = cluster.paths;
    const target = realpathSync(directory);
    rmSync(target, { recursive: true, force: true });
    if (lstatSync(directory, { throwIfNoEntry: false })?.isSymbolicLink() === true)
      rmSync(directory);
    if (listClusters(invocation.home).length === 0) removeMadeFolders(invocation.home);
  });
  invocation.output.result('', { name, deleted: true });
}

/** Mount points that the first cluster made on the machine, unless somebody uses them by now. */
function removeMadeFolders(home: string): void {
  const list = join(home, '.made-folders');
  if (existsSync(list)) {
    const folders = readFileSync(list, 'utf8')
      .split('\n')
      .filter((line) => line !== '');
    for (const folder of new Set(folders)) {
      try {
        rmdirSync(folder);
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code !== 'ENOENT' && code !== 'ENOTEMPTY' && code !== 'EBUSY') throw error;
      }
    }
  }
  rmSync(home, { recursive: true, force: true });
}
