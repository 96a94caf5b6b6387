// Certificate signing requests, made in a thread of their own.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { createSigningRequest } from '../certificates.ts';
import { programUrl } from './program-url.ts';

type Make = typeof createSigningRequest;

/**
 * `createSigningRequest` of src/certificates.ts, elsewhere: its libraries would stay in the memory
 * of a process that needs them once a year (30 MB of an agent's).
 */
export async function makeSigningRequest(subject: Parameters<Make>[0]): ReturnType<Make> {
  const worker = new Worker(programUrl('signing-request-worker'), { workerData: subject });
  try {
    const [made] = await once(worker, 'message');
    return made as Awaited<ReturnType<Make>>;
  } finally {
    await worker.terminate();
  }
}
