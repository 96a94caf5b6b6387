// Where objects lie in storage: `/registry/<group>/<plural>/<namespace>/<name>`.
import type { Resource } from '../resource.ts';

/** The prefix of all objects of a resource; the first group that it is declared in names it. */
export function resourcePrefix(resource: Resource): string {
  const group = resource.groups[0]?.group ?? '';
  return `/registry/${group === '' ? 'core' : group}/${resource.plural}/`;
}

export function objectKey(resource: Resource, namespace: string, name: string): string {
  const prefix = resourcePrefix(resource);
  return resource.namespaced ? `${prefix}${namespace}/${name}` : `${prefix}${name}`;
}

/** Where upstream would store the object, as its errors show. */
export function upstreamKey(resource: Resource, namespace: string, name: string): string {
  const { plural, groups, custom = false } = resource;
  const prefix = resource.storagePrefix ?? (custom ? `${groups[0]?.group}/${plural}` : plural);
  return `/registry/${prefix}/${namespace === '' ? '' : `${namespace}/`}${name}`;
}
