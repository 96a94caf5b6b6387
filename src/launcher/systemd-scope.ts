// Where systemd runs, a cluster's processes live in scopes of their own, with cgroups handed over.
import { existsSync, readdirSync } from 'node:fs';
import { attempt } from './command.ts';
import { withMachineLock } from './machine-lock.ts';

const lockTimeoutMs = 1000;

/** A scope unit and its cgroup (version 2) below the root of the hierarchy. */
export interface Scope {
  readonly unit: string;
  readonly slice: string;
  readonly cgroup: string;
}

/** Whether systemd manages this machine's cgroups; on hybrid machines the controllers are ours. */
export function hasSystemd(): boolean {
  return existsSync('/run/systemd/system') && existsSync('/sys/fs/cgroup/cgroup.controllers');
}

/** `coracle.slice/coracle-<cluster>.slice/coracle-<cluster>-<part>.scope` */
export function scopeOf(clusterId: string, part: string): Scope {
  const slice = `coracle-${clusterId}.slice`;
  const unit = `coracle-${clusterId}-${part}.scope`;
  return { unit, slice, cgroup: `/coracle.slice/${slice}/${unit}` };
}

/**
 * A command line that runs what follows it in the scope. One that is there (its guardian was
 * killed, what it guards lives on) is joined: systemd makes no second one of that name.
 */
export function throughScope({ unit, slice, cgroup }: Scope): readonly string[] {
  if (existsSync(`/sys/fs/cgroup${cgroup}/system`)) return [];
  return [
    ...['systemd-run', '--scope', '--quiet', '--collect', '--property=Delegate=yes'],
    ...[`--unit=${unit}`, `--slice=${slice}`, '--'],
  ];
}

/** Ends what still runs in the scope and takes its cgroups away. */
export async function stopScope({ unit }: Scope): Promise<void> {
  await attempt('systemctl', ['stop', unit]);
  await attempt('systemctl', ['reset-failed', unit]);
}

/** Ends the slice of a cluster whose scopes have ended, and the one above when it was the last. */
export async function stopSlices(clusterId: string): Promise<void> {
  await attempt('systemctl', ['stop', scopeOf(clusterId, '').slice]);
  const above = 'coracle.slice';
  const cgroup = `/sys/fs/cgroup/${above}`;
  // With it would go a cluster that starts in this moment: whoever holds the lock needs it anyway.
  await withMachineLock(lockTimeoutMs, async () => {
    if (!existsSync(cgroup)) return;
    const inUse = readdirSync(cgroup, { withFileTypes: true }).some((each) => each.isDirectory());
    if (!inUse) await attempt('systemctl', ['stop', above]);
  }).catch(() => undefined);
}
