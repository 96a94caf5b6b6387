// The server's image endpoints as one handler: loading for administrators, a registry for nodes.
import type { Logger } from '../../logger.ts';
import { resourceNotFound } from '../../status.ts';
import { jsonErrorAnswer, toStatusError } from '../answers.ts';
import type { ApiHandler } from '../request.ts';
import { imagesAnswer, imagesPath } from './loading.ts';
import { registryAnswer, registryPath } from './registry.ts';
import type { ImageStore } from './store.ts';

/**
 * Handles `/coracle/images` and `/coracle/registry/v2/…`; the caller has authorized the request.
 * Uploads may take as long as they are: no body limit and no timeout may stand before it.
 */
export function createImagesApi(options: {
  readonly store: ImageStore;
  readonly logger: Logger;
}): ApiHandler {
  const { store, logger } = options;
  return async (request) => {
    const [path = ''] = request.url.split('?', 1);
    try {
      if (path === imagesPath) return await imagesAnswer(store, request);
      if (path.startsWith(`${registryPath}/v2/`)) return await registryAnswer(store, request);
      return jsonErrorAnswer(resourceNotFound());
    } catch (error) {
      return jsonErrorAnswer(toStatusError(error, logger));
    }
  };
}
