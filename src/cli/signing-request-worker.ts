// A thread that makes one certificate signing request and ends, and its memory with it.
import { parentPort, workerData } from 'node:worker_threads';
import { createSigningRequest } from '../certificates.ts';

type Subject = Parameters<typeof createSigningRequest>[0];

parentPort?.postMessage(await createSigningRequest(workerData as Subject));
