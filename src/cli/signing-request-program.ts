// A process that makes one certificate signing request, prints it with its key, and ends.
import { createSigningRequest } from '../certificates.ts';

type Subject = Parameters<typeof createSigningRequest>[0];

const subject = JSON.parse(process.argv[2] ?? '{}') as Subject;
process.stdout.write(JSON.stringify(await createSigningRequest(subject)));
