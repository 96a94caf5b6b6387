// `coracle logs`: what a component of a cluster wrote, last lines first asked for, then followed.
import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { components, findCluster } from './cluster.ts';
import { CliError } from './exit-codes.ts';
import type { Invocation } from './invocation.ts';

export interface LogsOptions {
  readonly name: string;
  readonly component: string;
  readonly tail: number;
  readonly follow: boolean;
}

const followEveryMs = 200;
const chunkBytes = 64 * 1024;

export async function logs(invocation: Invocation, options: LogsOptions): Promise<void> {
  const cluster = findCluster(invocation, options.name);
  const files = new Map<string, string>();
  for (const [component, guarded] of components(cluster)) files.set(component, guarded.logFile);
  if (cluster.facts.runtime === 'containerd') {
    for (const node of cluster.facts.nodes) {
      files.set(node, join(cluster.paths.node(node), 'agent.log'));
      files.set(`${node}/containerd`, join(cluster.paths.node(node), 'containerd.log'));
      files.set(`${node}/init`, join(cluster.paths.node(node), 'node.log'));
    }
  }
  const file = files.get(options.component);
  if (file === undefined) {
    const names = [...files.keys()].join(', ');
    throw new CliError('usage', `no component "${options.component}"; there are: ${names}`);
  }
  if (!existsSync(file)) return;
  const descriptor = openSync(file, 'r');
  try {
    let offset = printTail(descriptor, options.tail);
    while (options.follow) {
      offset = printFrom(descriptor, offset);
      await new Promise((done) => setTimeout(done, followEveryMs));
    }
  } finally {
    closeSync(descriptor);
  }
}

/** Prints the last `lines` lines and gives the offset behind them. */
function printTail(descriptor: number, lines: number): number {
  const { size } = fstatSync(descriptor);
  let start = size;
  let found = 0;
  const buffer = Buffer.alloc(chunkBytes);
  while (start > 0 && found <= lines) {
    const from = Math.max(0, start - chunkBytes);
    const length = readSync(descriptor, buffer, 0, start - from, from);
    for (let i = length - 1; i >= 0; i--) {
      // The newline that ends the file begins no line.
      if (buffer[i] !== 10 || from + i === size - 1) continue;
      found++;
      if (found === lines) return printFrom(descriptor, from + i + 1);
    }
    start = from;
  }
  return printFrom(descriptor, 0);
}

function printFrom(descriptor: number, offset: number): number {
  const buffer = Buffer.alloc(chunkBytes);
  let at = offset;
  for (;;) {
    const length = readSync(descriptor, buffer, 0, chunkBytes, at);
    if (length === 0) return at;
    process.stdout.write(Buffer.from(buffer.subarray(0, length)));
    at += length;
  }
}
