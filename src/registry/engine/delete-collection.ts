// DELETE of a collection: each object on its own, several at a time.
import { isReason } from '../../status.ts';
import type { CachedObject } from '../cache/types.ts';
import { deleteObject } from './delete.ts';
import type { StoreParts } from './ports.ts';
import type { DeletionOptions, RequestContext } from './types.ts';

/** How many deletions of one request run at the same time. */
export const deleteWorkers = 8;

/**
 * Deletes every object of `items` (what the request's selectors match, as listed). Those that are
 * gone meanwhile do not matter; any other failure ends the request once running deletions are done.
 *
 * @returns the objects as they were listed, which is what the request answers
 */
export async function deleteCollection(
  parts: StoreParts,
  context: RequestContext,
  items: Iterable<CachedObject>,
  options: DeletionOptions,
): Promise<readonly CachedObject[]> {
  const listed = [...items];
  const queue = listed.values();
  let failed = false;
  let failure: unknown;
  const work = async () => {
    for (const { header } of queue) {
      if (failed) return;
      const { namespace, name } = header;
      try {
        await deleteObject(parts, { ...context, namespace, name }, options);
      } catch (error) {
        if (isReason(error, 'NotFound')) continue;
        failure = failed ? failure : error;
        failed = true;
      }
    }
  };
  await Promise.all(Array.from({ length: deleteWorkers }, work));
  if (failed) throw failure;
  return listed;
}
