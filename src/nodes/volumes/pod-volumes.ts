// All volumes of the node's pods: set up in parallel, refreshed in place, torn down from disk.
import { mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Clock } from '../../clock.ts';
import type { Pod, TokenRequest } from '../../objects.ts';
import type { FieldContext } from '../kubelet/fields.ts';
import { formatPod, identityOf } from '../kubelet/pod.ts';
import type { References } from '../references.ts';
import { emptyDirPlugin, hostPathPlugin } from './local-volumes.ts';
import { type Mounts, mountsUnder } from './mounts.ts';
import type { MountedVolume, Volume, VolumePlugin } from './plugin.ts';
import {
  configMapPlugin,
  downwardPlugin,
  ProjectedPlugin,
  secretPlugin,
} from './projected-volumes.ts';

export type MountedVolumes = ReadonlyMap<string, MountedVolume>;

/** A volume could not be set up; `message` is that of the FailedMount event. */
export class VolumeError extends Error {}

export interface PodVolumesOptions {
  /** The kubelet's root: /var/lib/kubelet. */
  readonly rootDirectory: string;
  readonly clock: Clock;
  readonly mounts: Mounts;
  readonly references: References;
  readonly fields: (pod: Pod) => FieldContext;
  readonly createToken: (
    namespace: string,
    serviceAccount: string,
    request: TokenRequest,
  ) => Promise<TokenRequest>;
  readonly plugins?: readonly VolumePlugin[];
}

/** The built-in plugins, a new set for each node. */
export function volumePlugins(): readonly VolumePlugin[] {
  return [
    emptyDirPlugin,
    hostPathPlugin,
    configMapPlugin,
    secretPlugin,
    downwardPlugin,
    new ProjectedPlugin(),
  ];
}

/** The volumes of one node. */
export class PodVolumes {
  readonly #options: PodVolumesOptions;
  readonly #plugins: readonly VolumePlugin[];

  constructor(options: PodVolumesOptions) {
    this.#options = options;
    this.#plugins = options.plugins ?? volumePlugins();
  }

  podDirectory(uid: string): string {
    return path.join(this.#options.rootDirectory, 'pods', uid);
  }

  /** Sets up or refreshes every volume. @throws VolumeError naming all that failed */
  async setUp(pod: Pod): Promise<MountedVolumes> {
    const mounted = new Map<string, MountedVolume>();
    const failures: string[] = [];
    await Promise.all(
      (pod.spec?.volumes ?? []).map(async (volume) => {
        try {
          mounted.set(volume.name, await this.#setUpOne(pod, volume));
        } catch (error) {
          const why = error instanceof Error ? error.message : String(error);
          failures.push(`MountVolume.SetUp failed for volume "${volume.name}" : ${why}`);
        }
      }),
    );
    if (failures.length > 0) throw new VolumeError(failures.sort().join('\n'));
    return mounted;
  }

  /** Uids of pods with a directory on disk. */
  async uids(): Promise<readonly string[]> {
    try {
      return await readdir(path.join(this.#options.rootDirectory, 'pods'));
    } catch {
      return [];
    }
  }

  /** Unmounts and removes the volumes of a pod that is over; its other files stay. */
  async tearDownVolumes(uid: string): Promise<void> {
    const directory = this.podDirectory(uid);
    await this.#unmountAll(directory);
    for (const name of ['volumes', 'volume-subpaths']) {
      await rm(path.join(directory, name), { recursive: true, force: true });
    }
  }

  /** Unmounts and removes all that a pod has on disk; works without knowing the pod. */
  async tearDown(uid: string): Promise<void> {
    if (uid === '' || uid.includes('/') || uid.startsWith('.')) return;
    const directory = this.podDirectory(uid);
    await this.#unmountAll(directory);
    await rm(directory, { recursive: true, force: true });
  }

  async #setUpOne(pod: Pod, volume: Volume): Promise<MountedVolume> {
    const { references, fields, clock, mounts, createToken } = this.#options;
    const plugin = this.#plugins.find((each) => each.supports(volume));
    if (plugin === undefined) {
      throw new Error(`no volume plugin matched name of volume in pod ${formatPod(pod)}`);
    }
    const { uid } = identityOf(pod);
    const parent = path.join(this.podDirectory(uid), 'volumes', `kubernetes.io~${plugin.name}`);
    await mkdir(parent, { recursive: true, mode: 0o750 });
    return plugin.setUp({
      pod,
      volume,
      directory: path.join(parent, volume.name),
      references,
      fields: fields(pod),
      clock,
      mounts,
      createToken,
    });
  }

  async #unmountAll(directory: string): Promise<void> {
    for (const point of await mountsUnder(directory)) await this.#options.mounts.unmount(point);
    // Removing files through a mount that is still there would remove someone else's.
    const left = await mountsUnder(directory);
    if (left.length > 0) throw new Error(`cannot unmount ${left.join(', ')}`);
  }
}
