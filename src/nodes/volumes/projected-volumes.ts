// The volumes whose content comes from the API: configMap, secret, downwardAPI and projected.
import { mkdir } from 'node:fs/promises';
import { identityOf } from '../kubelet/pod.ts';
import { type ProjectedFile, writeAtomically } from './atomic-writer.ts';
import { mountsUnder } from './mounts.ts';
import type { MountedVolume, VolumeContext, VolumePlugin } from './plugin.ts';
import { configMapFiles, downwardFiles, secretFiles, tokenFile } from './projections.ts';

type Files = Map<string, ProjectedFile>;

async function publish(
  context: VolumeContext,
  files: Files,
  secretive: boolean,
): Promise<MountedVolume> {
  const { directory, pod, clock, mounts } = context;
  await mkdir(directory, { recursive: true, mode: 0o755 });
  if (secretive && !(await mountsUnder(directory)).includes(directory)) {
    await mounts.mountTmpfs(directory, 0);
  }
  await writeAtomically(directory, files, clock.nowMs(), pod.spec?.securityContext?.fsGroup);
  return { hostPath: directory, readonly: true };
}

export const configMapPlugin: VolumePlugin = {
  name: 'configmap',
  supports: (volume) => volume.configMap !== undefined,
  async setUp(context) {
    const source = context.volume.configMap ?? {};
    const files = await configMapFiles(context, source, source.defaultMode ?? 0o644);
    return publish(context, files, false);
  },
};

export const secretPlugin: VolumePlugin = {
  name: 'secret',
  supports: (volume) => volume.secret !== undefined,
  async setUp(context) {
    const { secretName, defaultMode, ...rest } = context.volume.secret ?? {};
    const source = { ...rest, ...(secretName === undefined ? {} : { name: secretName }) };
    const files = await secretFiles(context, source, defaultMode ?? 0o644);
    return publish(context, files, true);
  },
};

export const downwardPlugin: VolumePlugin = {
  name: 'downward-api',
  supports: (volume) => volume.downwardAPI !== undefined,
  async setUp(context) {
    const { items, defaultMode } = context.volume.downwardAPI ?? {};
    return publish(context, downwardFiles(context, items, defaultMode ?? 0o644), true);
  },
};

interface Token {
  readonly file: ProjectedFile;
  readonly refreshAtMs: number;
}

const tokensMax = 10_000;

/** Projected volumes; tokens are kept until they are due, so that a refresh costs no request. */
export class ProjectedPlugin implements VolumePlugin {
  readonly name = 'projected';
  readonly #tokens = new Map<string, Token>();

  supports(volume: VolumeContext['volume']): boolean {
    return volume.projected !== undefined;
  }

  async setUp(context: VolumeContext): Promise<MountedVolume> {
    const { sources = [], defaultMode = 0o644 } = context.volume.projected ?? {};
    const files: Files = new Map();
    let refreshAtMs = Number.POSITIVE_INFINITY;
    for (const source of sources) {
      if (source.serviceAccountToken !== undefined) {
        const token = await this.#token(context, source.serviceAccountToken, defaultMode);
        files.set(source.serviceAccountToken.path, token.file);
        refreshAtMs = Math.min(refreshAtMs, token.refreshAtMs);
      } else if (source.clusterTrustBundle !== undefined) {
        throw new Error('clusterTrustBundle projections are not supported by this node');
      } else {
        for (const [name, file] of await plainSource(context, source, defaultMode)) {
          files.set(name, file);
        }
      }
    }
    const mounted = await publish(context, files, true);
    return Number.isFinite(refreshAtMs) ? { ...mounted, refreshAtMs } : mounted;
  }

  async #token(
    context: VolumeContext,
    source: { audience?: string; expirationSeconds?: number; path: string },
    mode: number,
  ): Promise<Token> {
    const key = [identityOf(context.pod).uid, context.volume.name, source.path].join('/');
    const kept = this.#tokens.get(key);
    if (kept !== undefined && kept.refreshAtMs > context.clock.nowMs()) return kept;
    const token = await tokenFile(context, source, mode);
    this.#tokens.delete(key);
    this.#tokens.set(key, token);
    for (const oldest of this.#tokens.keys()) {
      if (this.#tokens.size <= tokensMax) break;
      this.#tokens.delete(oldest);
    }
    return token;
  }
}

type ProjectedSource = NonNullable<
  NonNullable<VolumeContext['volume']['projected']>['sources']
>[number];

async function plainSource(
  context: VolumeContext,
  source: ProjectedSource,
  mode: number,
): Promise<Files> {
  if (source.configMap !== undefined) return configMapFiles(context, source.configMap, mode);
  if (source.secret !== undefined) return secretFiles(context, source.secret, mode);
  return downwardFiles(context, source.downwardAPI?.items, mode);
}
