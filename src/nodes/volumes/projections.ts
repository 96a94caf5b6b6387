// Files from ConfigMaps, Secrets, the downward API and tokens, for their volumes and projected ones.
import type { Pod } from '../../objects.ts';
import { podField, resourceField } from '../kubelet/fields.ts';
import { identityOf } from '../kubelet/pod.ts';
import type { ProjectedFile } from './atomic-writer.ts';
import type { VolumeContext } from './plugin.ts';

interface KeyToPath {
  key: string;
  path: string;
  mode?: number;
}

type Files = Map<string, ProjectedFile>;

/** Chosen keys of `data` (all when `items` is absent) as files. */
function select(
  data: ReadonlyMap<string, Uint8Array>,
  items: readonly KeyToPath[] | undefined,
  mode: number,
  optional: boolean,
): Files {
  const files: Files = new Map();
  if (items === undefined || items.length === 0) {
    for (const [key, content] of data) files.set(key, { content, mode });
    return files;
  }
  for (const item of items) {
    const content = data.get(item.key);
    if (content !== undefined) files.set(item.path, { content, mode: item.mode ?? mode });
    else if (!optional) throw new Error(`references non-existent config key: ${item.key}`);
  }
  return files;
}

interface Source {
  name?: string;
  items?: KeyToPath[];
  optional?: boolean;
}

export async function configMapFiles(
  context: VolumeContext,
  source: Source,
  mode: number,
): Promise<Files> {
  const { namespace } = identityOf(context.pod);
  const { name = '', optional = false } = source;
  const found = await context.references.configMap(namespace, name);
  if (found === undefined && !optional) throw new Error(`configmap "${name}" not found`);
  const data = new Map<string, Uint8Array>();
  for (const [key, text] of Object.entries(found?.data ?? {})) data.set(key, Buffer.from(text));
  for (const [key, bytes] of Object.entries(found?.binaryData ?? {})) {
    data.set(key, Buffer.from(bytes, 'base64'));
  }
  return select(data, source.items, mode, optional);
}

export async function secretFiles(
  context: VolumeContext,
  source: Source,
  mode: number,
): Promise<Files> {
  const { namespace } = identityOf(context.pod);
  const { name = '', optional = false } = source;
  const found = await context.references.secret(namespace, name);
  if (found === undefined && !optional) throw new Error(`secret "${name}" not found`);
  const data = new Map<string, Uint8Array>();
  for (const [key, bytes] of Object.entries(found?.data ?? {})) {
    data.set(key, Buffer.from(bytes, 'base64'));
  }
  return select(data, source.items, mode, optional);
}

interface DownwardItem {
  path: string;
  mode?: number;
  fieldRef?: { fieldPath: string };
  resourceFieldRef?: { containerName?: string; divisor?: string; resource: string };
}

export function downwardFiles(
  context: VolumeContext,
  items: readonly DownwardItem[] | undefined,
  mode: number,
): Files {
  const files: Files = new Map();
  for (const item of items ?? []) {
    let text = '';
    if (item.fieldRef !== undefined) {
      text = podField(context.pod, item.fieldRef.fieldPath, context.fields);
    } else if (item.resourceFieldRef !== undefined) {
      text = resourceField(context.pod, item.resourceFieldRef, undefined, context.fields);
    }
    files.set(item.path, { content: Buffer.from(text), mode: item.mode ?? mode });
  }
  return files;
}

interface TokenSource {
  audience?: string;
  expirationSeconds?: number;
  path: string;
}

/** The user that a token file belongs to: the one all containers run as, if they agree. */
function tokenOwner(pod: Pod): number | undefined {
  const containers = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
  const users = new Set(
    containers.map(
      (each) => each.securityContext?.runAsUser ?? pod.spec?.securityContext?.runAsUser,
    ),
  );
  const [only] = users;
  return users.size === 1 ? only : undefined;
}

/** A fresh token as a file, and when it must be renewed: after 80 % of its life or 24 h. */
export async function tokenFile(
  context: VolumeContext,
  source: TokenSource,
  mode: number,
): Promise<{ file: ProjectedFile; refreshAtMs: number }> {
  const { namespace, name, uid } = identityOf(context.pod);
  const account = context.pod.spec?.serviceAccountName || 'default';
  const lifeSeconds = source.expirationSeconds ?? 3600;
  const answer = await context.createToken(namespace, account, {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: {
      audiences: source.audience ? [source.audience] : [],
      expirationSeconds: lifeSeconds,
      boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid },
    },
  });
  const nowMs = context.clock.nowMs();
  const expiresMs = Date.parse(answer.status?.expirationTimestamp ?? '');
  const lifeMs = Number.isNaN(expiresMs) ? lifeSeconds * 1000 : expiresMs - nowMs;
  const owner = tokenOwner(context.pod);
  const hasGroup = context.pod.spec?.securityContext?.fsGroup !== undefined;
  // Upstream: 0600 for the one user, 0640 with fsGroup, else as the volume says.
  const own = owner === undefined ? mode : 0o600;
  return {
    file: {
      content: Buffer.from(answer.status?.token ?? ''),
      mode: hasGroup ? 0o600 : own,
      ...(owner === undefined || hasGroup ? {} : { uid: owner }),
    },
    refreshAtMs: nowMs + Math.min(lifeMs * 0.8, 24 * 3_600_000),
  };
}
