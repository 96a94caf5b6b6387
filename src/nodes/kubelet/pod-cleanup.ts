// Gives back what pods held: mounts, cgroups, then containers, files and logs; also of unknown pods.
import { readdir, readlink, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Pod } from '../../objects.ts';
import type { KubeletContext } from './context.ts';
import { identityOf } from './pod.ts';
import { type NodePaths, podLogDirectory } from './pod-files.ts';

/** The pod is over: its mounts and its cgroup go; containers stay for their logs. */
export async function reclaimPod(context: KubeletContext, uid: string): Promise<void> {
  await context.volumes?.tearDownVolumes(uid);
  await context.cgroups?.removePod(uid);
}

/** The pod is deleted: nothing of it stays on the node. */
export async function removePod(context: KubeletContext, pod: Pod): Promise<void> {
  const { uid } = identityOf(pod);
  const ids = context.cache.get(uid).containers.map(({ id }) => id);
  await removeUid(context, uid);
  const { paths } = context.config;
  if (paths !== undefined) {
    await removeLogLinks(paths, ids);
    await rm(podLogDirectory(paths, pod), { recursive: true, force: true });
  }
}

async function removeUid(context: KubeletContext, uid: string): Promise<void> {
  const { runtime, cache, volumes, cgroups } = context;
  const state = await cache.refresh(uid);
  await Promise.all(
    state.containers.map(async ({ id, state: condition }) => {
      if (condition === 'running') await runtime.stopContainer(id, 1);
      await runtime.removeContainer(id);
    }),
  );
  for (const { id } of state.sandboxes) {
    await runtime.stopSandbox(id);
    await runtime.removeSandbox(id);
  }
  await cache.refresh(uid);
  await volumes?.tearDown(uid);
  await cgroups?.removePod(uid);
}

/** Everything on this node that belongs to a pod which `isKnown` does not know. */
export async function cleanUnknown(
  context: KubeletContext,
  isKnown: (uid: string) => boolean,
): Promise<void> {
  const { cache, volumes, cgroups, logger } = context;
  const found = new Set([
    ...cache.uids(),
    ...((await volumes?.uids()) ?? []),
    ...((await cgroups?.listPods()) ?? []),
  ]);
  for (const uid of found) {
    if (isKnown(uid)) continue;
    logger.info('cleaning up an unknown pod', { uid });
    try {
      await removeUid(context, uid);
    } catch (error) {
      logger.warn('cannot clean up an unknown pod', { uid, error: String(error) });
    }
  }
  await cleanLogs(context, isKnown);
  cache.prune(isKnown);
}

/** The links of these containers; housekeeping finds what a crash leaves. */
async function removeLogLinks(paths: NodePaths, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  for (const name of await readdir(paths.containerLogs).catch(() => [])) {
    if (!ids.some((id) => name.endsWith(`-${id}.log`))) continue;
    await rm(path.join(paths.containerLogs, name), { force: true });
  }
}

async function cleanLogs(
  context: KubeletContext,
  isKnown: (uid: string) => boolean,
): Promise<void> {
  const { paths } = context.config;
  if (paths === undefined) return;
  for (const name of await readdir(paths.podLogs).catch(() => [])) {
    const uid = name.split('_')[2];
    if (uid === undefined || isKnown(uid)) continue;
    await rm(path.join(paths.podLogs, name), { recursive: true, force: true });
  }
  for (const name of await readdir(paths.containerLogs).catch(() => [])) {
    const link = path.join(paths.containerLogs, name);
    const target = await readlink(link).catch(() => undefined);
    if (target === undefined) continue;
    const missing = await stat(target).then(
      () => false,
      () => true,
    );
    if (missing) await rm(link, { force: true });
  }
}

/** Dead containers beyond the newest and the one before it, and sandboxes that nobody needs. */
export async function collectGarbage(context: KubeletContext, uid: string): Promise<void> {
  const { runtime, cache } = context;
  const state = cache.get(uid);
  const seen = new Map<string, number>();
  let removed = false;
  const kept = new Set<string>();
  for (const { id, name, state: condition, sandboxId } of state.containers) {
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    if (count > 2 && condition !== 'running') {
      await runtime.removeContainer(id);
      removed = true;
    } else kept.add(sandboxId);
  }
  for (const [index, { id, ready }] of state.sandboxes.entries()) {
    if (index === 0 || ready || kept.has(id)) continue;
    await runtime.removeSandbox(id);
    removed = true;
  }
  if (removed) await cache.refresh(uid);
}
