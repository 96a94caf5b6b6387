// One `up` at a time chooses ranges, ports and names on this machine, whatever its home folder.
import { createServer } from 'node:net';

/** An abstract socket: the kernel frees it with the process, so that none is ever stale. */
const lockName = '\0coracle-up';
const retryMs = 25;

/**
 * Runs `work` while no other process of this machine is in such a piece of work.
 *
 * @param timeoutMs how long to wait for the others, in wall time
 * @throws when it is not our turn by then; what `work` throws
 */
export async function withMachineLock<T>(timeoutMs: number, work: () => Promise<T>): Promise<T> {
  const deadlineMs = Date.now() + timeoutMs;
  let release = await take();
  while (release === undefined) {
    if (Date.now() > deadlineMs) throw new Error('another `coracle up` takes too long; try again');
    await new Promise((resolve) => setTimeout(resolve, retryMs));
    release = await take();
  }
  try {
    return await work();
  } finally {
    release();
  }
}

/** Undefined when another process has it. */
function take(): Promise<(() => void) | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(undefined);
      else reject(error);
    });
    server.listen(lockName, () => {
      server.unref();
      resolve(() => server.close());
    });
  });
}
