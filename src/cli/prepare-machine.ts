// Before the first start: what nodes need is looked for and, as root on Debian, installed.
import { spawn } from 'node:child_process';
import { hasApt, installCommands, missingPackages } from '../launcher/machine.ts';
import { CliError } from './exit-codes.ts';
import type { Invocation } from './invocation.ts';
import { inStep } from './output.ts';

const simulated = 'or run it on simulated nodes: coracle up --runtime simulated';

/**
 * @param install false: only names what is missing
 * @throws CliError `machine` that says why real containers cannot run and what to do
 */
export async function prepareMachine(invocation: Invocation, install: boolean): Promise<void> {
  const names = missingPackages(invocation.environment).map((missing) => missing.package);
  if (!invocation.root) {
    const why = 'real containers need root: nodes are made of namespaces and mounts';
    throw new CliError('machine', `${why}; use sudo, ${simulated}`);
  }
  if (names.length === 0) return;
  const command = `apt-get install ${names.join(' ')}`;
  if (!install || !hasApt()) {
    const why = `real containers need programs that are missing here: ${names.join(', ')}`;
    const fix = hasApt() ? `install them: ${command}` : 'install them with your package tool';
    throw new CliError('machine', `${why}; ${fix}, ${simulated}`);
  }
  await inStep(invocation.output, `Installing ${names.join(', ')} with apt-get`, async () => {
    for (const line of installCommands(names)) await quietly(line);
  });
}

/** Runs a command without questions; what it prints is shown only when it fails. */
function quietly(command: readonly string[]): Promise<void> {
  const [program = '', ...args] = command;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        DEBIAN_FRONTEND: 'noninteractive',
        // Without systemd this keeps Debian from starting what it installs.
        RUNLEVEL: '1',
      },
    });
    const printed: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => printed.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => printed.push(chunk));
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) return resolve();
      const tail = Buffer.concat(printed).toString().trim().split('\n').slice(-5).join('\n');
      reject(new CliError('machine', `${command.join(' ')} failed:\n${tail}`));
    });
  });
}
