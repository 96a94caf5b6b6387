// What every verb is given: the environment, where clusters live, and where to print.
import { coracleHome } from '../launcher/cluster-files.ts';
import type { Output } from './output.ts';

export interface Invocation {
  readonly environment: NodeJS.ProcessEnv;
  readonly home: string;
  readonly output: Output;
  /** Effective user id 0: may make namespaces, mounts and install packages. */
  readonly root: boolean;
}

export function createInvocation(environment: NodeJS.ProcessEnv, output: Output): Invocation {
  return {
    environment,
    home: coracleHome(environment),
    output,
    root: process.geteuid?.() === 0,
  };
}
