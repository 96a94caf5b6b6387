// `coracle doctor`: looks at the machine and names the exact fix for each thing it finds.
import { clusterPaths, listClusters } from '../launcher/cluster-files.ts';
import { examineMachine } from '../launcher/machine.ts';
import { isUp } from './cluster.ts';
import { CliError } from './exit-codes.ts';
import type { Invocation } from './invocation.ts';

const defaultPort = 6443;

/** @throws CliError `machine` when real containers could not run */
export async function doctor(invocation: Invocation): Promise<void> {
  const { environment, root, home, output } = invocation;
  const findings = await examineMachine({
    ...{ environment, root, home },
    ports: [defaultPort],
    clusterOn: (port) => clusterOn(home, port),
  });
  const lines = findings.flatMap((finding) => {
    const mark = finding.ok ? '✓' : finding.fatal ? '✗' : '!';
    const line = ` ${mark} ${finding.check}: ${finding.detail}`;
    return finding.fix === undefined ? [line] : [line, `     fix: ${finding.fix}`];
  });
  output.result(lines.join('\n'), findings);
  const fatal = findings.filter((finding) => finding.fatal && !finding.ok);
  if (fatal.length > 0) {
    const names = fatal.map((finding) => finding.check).join(', ');
    throw new CliError('machine', `real containers cannot run here: ${names}`);
  }
}

/** The running cluster of this user whose server has the port. */
function clusterOn(home: string, port: number): string | undefined {
  const found = listClusters(home).find(
    (facts) =>
      (facts.port === port || facts.insecurePort === port) &&
      isUp({ facts, paths: clusterPaths(home, facts.name) }),
  );
  return found?.name;
}
