// What the API serves now: its resources, by the discovery documents.
import type { KubernetesObject } from '../objects.ts';
import type { Client } from './client.ts';
import type { ResourceRef } from './resource-ref.ts';

export interface DiscoveredResource extends ResourceRef<KubernetesObject> {
  readonly verbs: readonly string[];
}

export interface Discovery {
  /** Each group's resources in the group's preferred version that has them; no subresources. */
  readonly resources: readonly DiscoveredResource[];
  /** Group versions that could not be read (an aggregated server that is down), and why. */
  readonly failures: ReadonlyMap<string, Error>;
}

interface ResourceList {
  readonly resources?: readonly {
    readonly name: string;
    readonly kind: string;
    readonly namespaced: boolean;
    readonly verbs?: readonly string[];
  }[];
}

interface GroupList {
  readonly groups?: readonly {
    readonly preferredVersion?: { readonly groupVersion: string };
    readonly versions: readonly { readonly groupVersion: string }[];
  }[];
}

/** Reads all of discovery; one group's failure does not hide the others. */
export async function discover(client: Client): Promise<Discovery> {
  const groups = (await client.raw('GET', '/apis')) as GroupList;
  const groupVersions = ['v1'];
  for (const { preferredVersion, versions } of groups.groups ?? []) {
    const all = versions.map((version) => version.groupVersion);
    const first = preferredVersion?.groupVersion ?? all[0];
    if (first !== undefined) groupVersions.push(first, ...all.filter((each) => each !== first));
  }
  const failures = new Map<string, Error>();
  const lists = await Promise.all(
    groupVersions.map(async (groupVersion) => {
      const path = groupVersion === 'v1' ? '/api/v1' : `/apis/${groupVersion}`;
      try {
        return { groupVersion, list: (await client.raw('GET', path)) as ResourceList };
      } catch (error) {
        failures.set(groupVersion, error instanceof Error ? error : new Error(String(error)));
        return { groupVersion, list: {} };
      }
    }),
  );
  const resources = new Map<string, DiscoveredResource>();
  for (const { groupVersion, list } of lists) {
    const [version = '', group = ''] = groupVersion.split('/').reverse();
    for (const { name, kind, namespaced, verbs = [] } of list.resources ?? []) {
      const key = `${group}/${name}`;
      if (name.includes('/') || resources.has(key)) continue;
      resources.set(key, { group, version, kind, plural: name, namespaced, verbs });
    }
  }
  return { resources: [...resources.values()], failures };
}
