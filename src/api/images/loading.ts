// `POST /coracle/images`: an archive of images into the store; GET lists what is there.
import { badRequest, httpMethodNotAllowed } from '../../status.ts';
import { errorAnswer, jsonAnswer } from '../answers.ts';
import type { ApiHandler, ApiRequest } from '../request.ts';
import { ArchiveError, loadArchive } from './archive.ts';
import { formatReference } from './reference.ts';
import type { ImageStore } from './store.ts';

/** Where images are loaded and listed; both answer `{"images": [full name, …]}`. */
export const imagesPath = '/coracle/images';

/** A refused upload is read on this far, so that its sender gets to read why. */
const drainBytesMax = 1024 ** 3;

/** Failures that are nobody's fault here (a full disk) reject; the caller answers 500. */
export function createImageLoading(store: ImageStore): ApiHandler {
  return async (request) => {
    if (request.method === 'GET') {
      return jsonAnswer(200, { images: store.list().map(formatReference) });
    }
    if (request.method !== 'POST') return errorAnswer(httpMethodNotAllowed());
    try {
      const images = await loadArchive(store, bodyOf(request));
      await drain(request);
      return jsonAnswer(201, { images });
    } catch (error) {
      if (!(error instanceof ArchiveError)) throw error;
      await drain(request);
      return errorAnswer(badRequest(error.message, { cause: error }));
    }
  };
}

/** The body, as a stream that its reader may leave without closing the connection. */
async function* bodyOf(request: ApiRequest): AsyncGenerator<Uint8Array> {
  const chunks = chunksOf(request);
  for (;;) {
    const { done, value } = await chunks.next();
    if (done === true) return;
    yield value;
  }
}
