// Takes out of an object what lists and watchers select by.
import type { Resource } from '../resource.ts';
import type { ParsedObjects } from './parsed-objects.ts';
import type { ObjectHeader } from './types.ts';

/**
 * The `header` function of a resource's watch cache.
 *
 * @param parsed where the parsed object goes, for its first reader
 */
export function objectHeaders(
  resource: Pick<Resource, 'selectableFields'>,
  parsed: ParsedObjects,
): (key: string, body: Uint8Array) => ObjectHeader {
  const selectable = Object.entries(resource.selectableFields ?? {});
  return (_key, body) => {
    const object = parsed.peek(body);
    const { namespace = '', name = '', uid = '', labels, ownerReferences } = object.metadata;
    return {
      namespace,
      name,
      uid,
      labels: labels as Record<string, string> | undefined,
      fields:
        selectable.length === 0
          ? undefined
          : Object.fromEntries(selectable.map(([path, read]) => [path, read(object)])),
      ownerUids: ownerReferences?.map((owner) => owner.uid),
    };
  };
}
