// Reads a request's body whole, up to upstream's limit.
import { requestEntityTooLarge } from '../status.ts';
import type { ApiRequest } from './request.ts';

/** 3 MiB, as etcd's request limit times two. */
export const bodyBytesMax = 3 * 1024 * 1024;
const tooLarge = `limit is ${bodyBytesMax}`;
const empty: Uint8Array = new Uint8Array(0);

/** @throws StatusError 413 */
export async function readBytes(request: ApiRequest): Promise<Uint8Array> {
  const declared = Number(request.headers['content-length'] ?? '0');
  if (declared > bodyBytesMax) throw requestEntityTooLarge(tooLarge);
  if (request.body === undefined) return empty;
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body) {
    size += chunk.length;
    if (size > bodyBytesMax) throw requestEntityTooLarge(tooLarge);
    chunks.push(chunk);
  }
  const [only] = chunks;
  if (only === undefined) return empty;
  return chunks.length === 1 ? only : Buffer.concat(chunks);
}
