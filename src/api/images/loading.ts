// `POST /coracle/images`: an archive of images into the store; GET lists what is there.
import { badRequest, httpMethodNotAllowed } from '../../status.ts';
import { jsonAnswer, jsonErrorAnswer } from '../answers.ts';
import type { ApiRequest, ApiResponse } from '../request.ts';
import { ArchiveError, loadArchive } from './archive.ts';
import { formatReference } from './reference.ts';
import type { ImageStore } from './store.ts';

/** Where images are loaded and listed; both answer `{"images": [full name, …]}`. */
export const imagesPath = '/coracle/images';

/** A refused upload is read on this far, so that its sender gets to read why. */
const drainBytesMax = 1024 ** 3;

/** Answers 400 with one sentence to what is no image; rejects when the store fails. */
export async function imagesAnswer(store: ImageStore, request: ApiRequest): Promise<ApiResponse> {
  if (request.method === 'GET' || request.method === 'HEAD') {
    return jsonAnswer(200, { images: store.list().map(formatReference) });
  }
  if (request.method !== 'POST') return jsonErrorAnswer(httpMethodNotAllowed());
  const chunks = (request.body ?? nothing())[Symbol.asyncIterator]();
  try {
    const images = await loadArchive(store, leavable(chunks));
    await drain(chunks);
    return jsonAnswer(201, { images });
  } catch (error) {
    if (!(error instanceof ArchiveError)) throw error;
    await drain(chunks);
    return jsonErrorAnswer(badRequest(error.message, { cause: error }));
  }
}

/** A stream that its reader may leave without closing the connection. */
async function* leavable(chunks: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  for (;;) {
    const { done, value } = await chunks.next();
    if (done === true) return;
    yield value;
  }
}

async function drain(chunks: AsyncIterator<Uint8Array>): Promise<void> {
  let bytes = 0;
  for await (const chunk of leavable(chunks)) {
    bytes += chunk.length;
    if (bytes > drainBytesMax) break;
  }
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
