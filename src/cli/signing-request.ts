// Certificate signing requests, made in a process of their own.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { createSigningRequest } from '../certificates.ts';
import { programUrl } from './program-url.ts';

type Make = typeof createSigningRequest;

const run = promisify(execFile);

/**
 * `createSigningRequest` of src/certificates.ts, elsewhere: its libraries would stay in the memory
 * of a process that needs them once a year (30 MB of an agent's).
 */
export async function makeSigningRequest(subject: Parameters<Make>[0]): ReturnType<Make> {
  const program = fileURLToPath(programUrl('signing-request-program'));
  const { stdout } = await run(process.execPath, [program, JSON.stringify(subject)]);
  return JSON.parse(stdout) as Awaited<ReturnType<Make>>;
}
