// `coracle version`: this program's version and the Kubernetes version that it serves.
import { existsSync, readFileSync } from 'node:fs';
import { kubernetesVersion } from '../kubernetes-version.ts';
import type { Invocation } from './invocation.ts';

/** The version in package.json, beside the sources or beside `dist/`. */
export function packageVersion(): string {
  for (const place of ['../../package.json', '../package.json']) {
    const url = new URL(place, import.meta.url);
    if (existsSync(url))
      return (JSON.parse(readFileSync(url, 'utf8')) as { version: string }).version;
  }
  return 'unknown';
}

export function version(invocation: Invocation): void {
  const coracle = packageVersion();
  const node = process.version;
  invocation.output.result(
    `coracle ${coracle} (Kubernetes ${kubernetesVersion}, Node.js ${node})`,
    {
      coracle,
      kubernetes: kubernetesVersion,
      node,
    },
  );
}
