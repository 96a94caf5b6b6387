// The volumes that live on the node: emptyDir and hostPath.
import { chmod, chown, mkdir, open, stat } from 'node:fs/promises';
import { quantityUnits } from '../kubelet/quantity.ts';
import { mountsUnder } from './mounts.ts';
import type { VolumePlugin } from './plugin.ts';

export const emptyDirPlugin: VolumePlugin = {
  name: 'empty-dir',
  supports: (volume) => volume.emptyDir !== undefined,
  async setUp({ directory, volume, pod, mounts }) {
    const { medium = '', sizeLimit } = volume.emptyDir ?? {};
    if (medium !== '' && medium !== 'Memory') {
      throw new Error(`unknown storage medium ${JSON.stringify(medium)}`);
    }
    await mkdir(directory, { recursive: true });
    if (medium === 'Memory' && !(await mountsUnder(directory)).includes(directory)) {
      await mounts.mountTmpfs(directory, quantityUnits(sizeLimit));
    }
    const fsGroup = pod.spec?.securityContext?.fsGroup;
    // Upstream makes it writable for every user, and set-gid where fsGroup names a group.
    await chmod(directory, fsGroup === undefined ? 0o777 : 0o2777);
    if (fsGroup !== undefined) await chown(directory, -1, fsGroup);
    return { hostPath: directory, readonly: false };
  },
};

const typeErrors: Readonly<Record<string, string>> = {
  Directory: 'is not a directory',
  File: 'is not a file',
  Socket: 'is not a socket file',
  CharDevice: 'is not a character device',
  BlockDevice: 'is not a block device',
};

/** Checks or makes what the type asks for. @throws Error `hostPath type check failed: …` */
async function checkHostPath(hostPath: string, type: string): Promise<void> {
  if (type === '') return;
  const found = await stat(hostPath).catch(() => undefined);
  if (found === undefined) {
    if (type === 'DirectoryOrCreate') {
      await mkdir(hostPath, { recursive: true, mode: 0o755 });
      return;
    }
    if (type === 'FileOrCreate') {
      await (await open(hostPath, 'a', 0o644)).close();
      return;
    }
  }
  const fits =
    found !== undefined &&
    ((type.startsWith('Directory') && found.isDirectory()) ||
      (type.startsWith('File') && found.isFile()) ||
      (type === 'Socket' && found.isSocket()) ||
      (type === 'CharDevice' && found.isCharacterDevice()) ||
      (type === 'BlockDevice' && found.isBlockDevice()));
  if (fits) return;
  const why = typeErrors[type.replace('OrCreate', '')];
  if (why === undefined) throw new Error(`${JSON.stringify(type)} is an invalid volume type`);
  throw new Error(`hostPath type check failed: ${hostPath} ${why}`);
}

export const hostPathPlugin: VolumePlugin = {
  name: 'host-path',
  supports: (volume) => volume.hostPath !== undefined,
  async setUp({ volume }) {
    const { path = '', type = '' } = volume.hostPath ?? {};
    if (path.split('/').includes('..')) throw new Error("must not contain '..'");
    await checkHostPath(path, type);
    return { hostPath: path, readonly: false };
  },
};
