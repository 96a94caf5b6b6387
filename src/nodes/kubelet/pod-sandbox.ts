// Makes and unmakes the sandboxes of one pod.
import { mkdir } from 'node:fs/promises';
import type { Pod } from '../../objects.ts';
import type { Sandbox } from '../runtime.ts';
import { sandboxConfig } from './container-config.ts';
import { unlessAborted } from './container-start.ts';
import type { KubeletContext } from './context.ts';
import { identityOf } from './pod.ts';

/** A new sandbox, noted in the cache. Rejects after telling by event why there is none. */
export async function createSandbox(
  context: KubeletContext,
  pod: Pod,
  attempt: number,
  signal: AbortSignal,
): Promise<Sandbox> {
  const { runtime, cache, events, limiter } = context;
  const { uid } = identityOf(pod);
  try {
    const config = await sandboxConfig(pod, attempt, context.config);
    if (config.logDirectory !== '') await mkdir(config.logDirectory, { recursive: true });
    const made = limiter.run(async () => {
      const id = await runtime.runSandbox(config);
      // Noted even if nobody waits any more, so that a termination finds it.
      cache.noteSandbox(uid, id);
      return runtime.sandboxStatus(id);
    });
    return await unlessAborted(made, signal);
  } catch (error) {
    if (!signal.aborted) {
      const why = error instanceof Error ? error.message : String(error);
      const message = `Failed to create pod sandbox: ${why}`;
      events.pod(pod, 'Warning', 'FailedCreatePodSandBox', message);
    }
    throw error;
  }
}

/** Stops every sandbox of a pod that is ready. */
export async function killSandboxes(context: KubeletContext, uid: string): Promise<void> {
  const { runtime, cache } = context;
  const ready = cache.get(uid).sandboxes.filter((sandbox) => sandbox.ready);
  await Promise.all(ready.map((sandbox) => runtime.stopSandbox(sandbox.id)));
  if (ready.length > 0) await cache.refresh(uid);
}
