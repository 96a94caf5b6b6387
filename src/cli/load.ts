// `coracle load image`: gives archives of images to the server, from which every node pulls.
import { open } from 'node:fs/promises';
import { callApi } from './api-access.ts';
import { type Cluster, findCluster } from './cluster.ts';
import { CliError } from './exit-codes.ts';
import type { Invocation } from './invocation.ts';
import { inStep } from './output.ts';

export interface LoadImagesOptions {
  readonly name: string;
  /** Archives by `docker save`, `podman save`, `ctr image export` or of an OCI layout. */
  readonly files: readonly string[];
}

/** The server checks and syncs a large archive after its last byte; then it answers. */
const answerTimeoutMs = 10 * 60_000;

/**
 * Loads the archives one after the other and prints the full names of their images.
 *
 * @throws CliError `badInput` for a file that cannot be read or holds no image
 */
export async function loadImages(
  invocation: Invocation,
  options: LoadImagesOptions,
): Promise<void> {
  const { output } = invocation;
  const cluster = findCluster(invocation, options.name);
  const images: string[] = [];
  for (const file of options.files) {
    const names = await inStep(output, `Loading ${file}`, () => loadFile(cluster, file));
    for (const name of names) output.say(name);
    images.push(...names);
  }
  output.result('', { images });
}

async function loadFile(cluster: Cluster, file: string): Promise<readonly string[]> {
  const handle = await open(file).catch((error: NodeJS.ErrnoException) => {
    const why = { ENOENT: 'there is no such file', EACCES: 'it may not be read' }[error.code ?? ''];
    throw new CliError('badInput', `cannot load ${file}: ${why ?? error.message}`);
  });
  const body = handle.createReadStream();
  try {
    if ((await handle.stat()).isDirectory()) {
      throw new CliError('badInput', `cannot load ${file}: it is a folder`);
    }
    const answer = await callApi(cluster, '/coracle/images', {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/x-tar' },
      timeoutMs: answerTimeoutMs,
    });
    const { images, message } = parseAnswer(answer.body);
    if (answer.status === 400) throw new CliError('badInput', `${file}: ${message}`);
    if (answer.status !== 201) {
      throw new CliError('failure', `cannot load ${file}: the server says: ${message}`);
    }
    return images;
  } finally {
    body.destroy();
  }
}

/** The server's answer, or what stands for it where it is no JSON. */
function parseAnswer(body: string): {
  readonly images: readonly string[];
  readonly message: string;
} {
  try {
    const { images = [], message = body } = JSON.parse(body) as {
      images?: readonly string[];
      message?: string;
    };
    return { images, message };
  } catch {
    return { images: [], message: body.trim() };
  }
}
