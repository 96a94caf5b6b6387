// Probes of simulated containers: commands and requests alike succeed unless the behaviour says no.
import type { ProbeRunner } from '../kubelet/handlers.ts';
import type { SimulatedRuntime } from './runtime.ts';

export function simulatedProbes(runtime: SimulatedRuntime): ProbeRunner {
  return {
    async run(kind, probe, { containerId }) {
      if (probe.exec === undefined) {
        const ok = runtime.probe(containerId, kind);
        return { ok, output: ok ? '' : 'simulated failure' };
      }
      const result = await runtime.execSync(containerId, probe.exec.command ?? [], 1000);
      const ok = result.exitCode === 0 && runtime.probe(containerId, kind);
      return { ok, output: Buffer.from(result.stdout).toString() };
    },
  };
}
