// `coracle down`: stops a cluster; its data stays for the next `up`.
import { findCluster, isUp } from './cluster.ts';
import type { Invocation } from './invocation.ts';
import { inStep } from './output.ts';
import { stopCluster } from './processes.ts';

/** Stopping what is stopped is no error. */
export async function down(invocation: Invocation, name: string): Promise<void> {
  const cluster = findCluster(invocation, name);
  const wasUp = isUp(cluster);
  if (wasUp) {
    await inStep(invocation.output, `Stopping cluster "${name}"`, () =>
      stopCluster(invocation, cluster),
    );
  } else {
    // A machine that went down hard leaves links and cgroups behind; this takes them too.
    await stopCluster(invocation, cluster);
    invocation.output.say(`Cluster "${name}" is not running`);
  }
  invocation.output.result('', { name, stopped: wasUp });
}
