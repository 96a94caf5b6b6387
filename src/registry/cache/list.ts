// Answers a LIST: finds the state to read, one page of it, and writes it in chunks.
import { badRequest, expired } from '../../status.ts';
import { CompactedError } from '../../storage/driver.ts';
import { ChunkBuffer, type ChunkWriter, nextTurn } from './chunk-buffer.ts';
import { type ContinueToken, decodeContinue, encodeContinue } from './continue-token.ts';
import { checkListOptions, readRevision, type VersionOptions } from './list-options.ts';
import { historySource, type ListSource, snapshotSource } from './list-source.ts';
import { type ListMeta, type Piece, pieceSize, type View } from './representation.ts';
import { isFiltered } from './selection.ts';
import type { CachedObject, Selection } from './types.ts';
import type { WatchCache } from './watch-cache.ts';

export interface ListRequest extends VersionOptions {
  readonly selection: Selection;
  /** 0: no limit. */
  readonly limit: number;
}

/** A list that is about to be written. `objects` may be gone through once. */
export interface ListAnswer {
  readonly revision: number;
  readonly continue: string | undefined;
  readonly remainingItemCount: number | undefined;
  readonly objects: Iterable<CachedObject> | AsyncIterable<CachedObject>;
}

const heldBytesMaxDefault = 64 * 1024 * 1024;

const tooOldList = 'The resourceVersion for the provided list is too old.';
const tooOldContinue =
  'The provided continue parameter is too old to display a consistent list result. You can start ' +
  'a new list without the continue parameter, or use the continue token in this response to ' +
  'retrieve the remainder of the results. Continuing with the provided token results in an ' +
  'inconsistent list - objects that were created, modified, or deleted between the time the ' +
  'first chunk was returned and now may show up in the list.';

/** The prefix of the keys that a selection can match. */
export function prefixOf(cache: Pick<WatchCache, 'prefix'>, selection: Selection): string {
  const { namespace } = selection;
  return namespace === undefined ? cache.prefix : `${cache.prefix}${namespace}/`;
}

/**
 * Everything about a list that can fail with a status of its own: options, waits, expiry.
 *
 * @throws StatusError 400, 410, 422, 504
 */
export async function openList(cache: WatchCache, request: ListRequest): Promise<ListAnswer> {
  checkListOptions(request);
  await cache.ready();
  const { selection } = request;
  const token = request.continue === '' ? undefined : readToken(request);
  const prefix = prefixOf(cache, selection);
  const source =
    token === undefined ? await chooseSource(cache, request) : await continuedSource(cache, token);
  const from = token === undefined ? prefix : `${prefix}${token.start}`;
  // A watch cache has never paged what may be of any age.
  const limit = request.resourceVersion === '0' && token === undefined ? 0 : request.limit;
  const { revision } = source;
  if (limit <= 0) {
    const objects = source.objects(selection, prefix, from);
    return { revision, continue: undefined, remainingItemCount: undefined, objects };
  }
  return readPage(source, selection, { prefix, from, limit });
}

function readToken(request: ListRequest): ContinueToken {
  const token = decodeContinue(request.continue);
  if (request.resourceVersion !== '' && request.resourceVersion !== '0') {
    throw badRequest('specifying resource version is not allowed when using continue');
  }
  return token;
}

async function chooseSource(cache: WatchCache, request: ListRequest): Promise<ListSource> {
  const { resourceVersion, resourceVersionMatch: match, limit } = request;
  const revision = readRevision(resourceVersion);
  if (resourceVersion === '') await cache.consistent();
  if (revision === 0) return snapshotSource(cache, cache.snapshot());
  await cache.waitFor(revision);
  // Before there was a match parameter, a page of a revision was one of exactly that revision.
  const exact = match === 'Exact' || (match === '' && limit > 0);
  if (!exact) return snapshotSource(cache, cache.snapshot());
  return exactSource(cache, revision, () => expired(tooOldList));
}

async function continuedSource(cache: WatchCache, token: ContinueToken): Promise<ListSource> {
  if (token.revision < 0) {
    await cache.consistent();
    return snapshotSource(cache, cache.snapshot());
  }
  await cache.waitFor(token.revision);
  return exactSource(cache, token.revision, () =>
    expired(tooOldContinue, encodeContinue({ revision: -1, start: token.start })),
  );
}

async function exactSource(
  cache: WatchCache,
  revision: number,
  tooOld: () => Error,
): Promise<ListSource> {
  const snapshot = cache.snapshot(revision);
  if (snapshot !== undefined) return snapshotSource(cache, snapshot);
  try {
    return await historySource(cache, revision);
  } catch (error) {
    throw error instanceof CompactedError ? tooOld() : error;
  }
}

async function readPage(
  source: ListSource,
  selection: Selection,
  page: { readonly prefix: string; readonly from: string; readonly limit: number },
): Promise<ListAnswer> {
  const { prefix, from, limit } = page;
  const objects: CachedObject[] = [];
  for await (const object of source.objects(selection, prefix, from)) {
    objects.push(object);
    if (objects.length >= limit) break;
  }
  const { revision } = source;
  const last = objects.at(-1);
  const none = { revision, continue: undefined, remainingItemCount: undefined, objects };
  if (last === undefined || objects.length < limit) return none;
  const next = `${last.key}\0`;
  const remaining = await source.count(prefix, next);
  if (remaining === 0) return none;
  source.keep();
  return {
    revision,
    continue: encodeContinue({ revision, start: next.slice(prefix.length) }),
    remainingItemCount: isFiltered(selection) ? undefined : remaining,
    objects,
  };
}

/** How a list that says its size goes through its items before the first is written. */
export interface ListTurns {
  /** Waits until as much may be made again as one chunk holds. */
  readonly pause?: () => Promise<void>;
  /** Bytes of items kept from the first walk for the second; the rest is made twice. */
  readonly heldBytesMax?: number;
}

/**
 * Writes the answer, a chunk a turn of the event loop, never more than the writer takes.
 *
 * @throws what the writer rejects with, and a StatusError when an object cannot be shown; nothing
 *   was written yet when it comes with the first chunk
 */
export async function writeList(
  answer: ListAnswer,
  view: View,
  write: ChunkWriter,
  chunkBytesMax: number,
  turns: ListTurns = {},
): Promise<void> {
  if (view.sized) {
    await writeSizedList(answer, view, write, chunkBytesMax, turns);
    return;
  }
  const buffer = new ChunkBuffer(chunkBytesMax);
  buffer.text(view.listHead(metaOf(answer), 0));
  let written = 0;
  const add = (object: CachedObject): Promise<void> | undefined => {
    const piece = view.item(object);
    if (piece instanceof Promise) return piece.then((done) => addPiece(done));
    return addPiece(piece);
  };
  const addPiece = (piece: Piece): Promise<void> | undefined => {
    if (written++ > 0) buffer.text(view.separator);
    buffer.piece(piece);
    return buffer.full ? buffer.drain(write) : undefined;
  };
  if (Symbol.iterator in answer.objects) {
    for (const object of answer.objects) {
      const waiting = add(object);
      if (waiting !== undefined) await waiting;
    }
  } else {
    for await (const object of answer.objects) await add(object);
  }
  buffer.text(view.listTail);
  await buffer.drain(write);
  await write(buffer.rest());
}

function metaOf(answer: ListAnswer): ListMeta {
  return {
    resourceVersion: String(answer.revision),
    continue: answer.continue,
    remainingItemCount: answer.remainingItemCount,
  };
}

/** Goes through the objects twice: how long the list is stands before its first item. */
async function writeSizedList(
  answer: ListAnswer,
  view: View,
  write: ChunkWriter,
  chunkBytesMax: number,
  { pause = nextTurn, heldBytesMax = heldBytesMaxDefault }: ListTurns,
): Promise<void> {
  const objects: CachedObject[] = [];
  const held: Piece[] = [];
  let size = 0;
  let turn = 0;
  for await (const object of answer.objects) {
    const made = view.item(object);
    const piece = made instanceof Promise ? await made : made;
    objects.push(object);
    if (size < heldBytesMax) held.push(piece);
    size += pieceSize(piece);
    if (size - turn < chunkBytesMax) continue;
    turn = size;
    await pause();
  }
  const buffer = new ChunkBuffer(chunkBytesMax);
  buffer.text(view.listHead(metaOf(answer), size));
  for (const [index, object] of objects.entries()) {
    buffer.piece(held[index] ?? (await view.item(object)));
    if (buffer.full) await buffer.drain(write);
  }
  buffer.text(view.listTail);
  await buffer.drain(write);
  await write(buffer.rest());
}
