// How a stored object's bytes become an answer: prefixes and splices around bytes that stay as they are.
import type { CachedObject } from './types.ts';

/**
 * Bytes of one answer: ASCII `prefix`, `body` from `from` to `to`, ASCII `suffix`. Nothing is
 * copied until it is written.
 */
export interface Piece {
  readonly prefix: string;
  readonly body: Uint8Array;
  readonly from: number;
  readonly to: number;
  readonly suffix: string;
}

/** metav1.ListMeta. */
export interface ListMeta {
  readonly resourceVersion: string;
  readonly continue?: string | undefined;
  readonly remainingItemCount?: number | undefined;
}

/** One way of showing the objects of a resource: group-version, media type and shape. */
export interface View {
  /** Distinguishes it among the views of the same resource. */
  readonly id: string;
  /** An object on its own, as GET and watch events show it. `first`: nothing went before it. */
  alone(object: CachedObject, first: boolean): Piece | Promise<Piece>;
  /** An object as an element of a list. */
  item(object: CachedObject): Piece | Promise<Piece>;
  /** A list up to its first item, and from its last item on. */
  listHead(meta: ListMeta): string;
  readonly listTail: string;
  /** An object with nothing but a resourceVersion, for bookmarks. */
  bookmark(revision: number, annotations?: Readonly<Record<string, string>>): string;
}

/** One group-version of a resource. */
export interface ServedForm {
  readonly kind: string;
  readonly apiVersion: string;
  readonly listKind: string;
  /** Items of a list say their kind (custom resources); those of built-in kinds do not. */
  readonly itemsCarryKind?: boolean;
  /**
   * The object in this version, beginning with `{"metadata":{` and without resourceVersion as
   * in storage; absent: as stored. May fail for one object with a StatusError.
   */
  convert?(object: CachedObject): Uint8Array | Promise<Uint8Array>;
}

/** Length of `{"metadata":{`, where every body starts. */
export const spliceAt = 13;
const braceEnd = 0x7d;

/** The head of an object up to where the stored metadata goes on. */
function openObject(typeMeta: string, object: CachedObject): string {
  const comma = object.body[spliceAt] === braceEnd ? '' : ',';
  return `{${typeMeta}"metadata":{"resourceVersion":"${object.revision}"${comma}`;
}

function typeMetaOf(kind: string, apiVersion: string): string {
  return `"kind":${JSON.stringify(kind)},"apiVersion":${JSON.stringify(apiVersion)},`;
}

/** A list's head in the order that Go writes its fields. */
export function listHeadOf(typeMeta: string, meta: ListMeta, items: string): string {
  const { resourceVersion, remainingItemCount } = meta;
  let text = `{${typeMeta}"metadata":{"resourceVersion":"${resourceVersion}"`;
  if (meta.continue !== undefined) text += `,"continue":${JSON.stringify(meta.continue)}`;
  if (remainingItemCount !== undefined) text += `,"remainingItemCount":${remainingItemCount}`;
  return `${text}},${items}[`;
}

function bookmarkOf(
  typeMeta: string,
  revision: number,
  annotations: Readonly<Record<string, string>> | undefined,
): string {
  const extra = annotations === undefined ? '' : `,"annotations":${JSON.stringify(annotations)}`;
  return `{${typeMeta}"metadata":{"resourceVersion":"${revision}"${extra}}}`;
}

/** The whole objects as JSON. */
export function objectView(form: ServedForm): View {
  const typeMeta = typeMetaOf(form.kind, form.apiVersion);
  const itemMeta = form.itemsCarryKind === true ? typeMeta : '';
  const piece = (meta: string, object: CachedObject, body: Uint8Array): Piece => ({
    prefix: openObject(meta, object),
    body,
    from: spliceAt,
    to: body.byteLength,
    suffix: '',
  });
  const show = (meta: string, object: CachedObject): Piece | Promise<Piece> => {
    const body = form.convert === undefined ? object.body : form.convert(object);
    if (body instanceof Promise) return body.then((done) => piece(meta, object, done));
    return piece(meta, object, body);
  };
  return {
    id: `${form.apiVersion}/${form.kind} json`,
    alone: (object) => show(typeMeta, object),
    item: (object) => show(itemMeta, object),
    listHead: (meta) => listHeadOf(typeMetaOf(form.listKind, form.apiVersion), meta, '"items":'),
    listTail: ']}\n',
    bookmark: (revision, annotations) => bookmarkOf(typeMeta, revision, annotations),
  };
}

const partialMeta = typeMetaOf('PartialObjectMetadata', 'meta.k8s.io/v1');

/** An object's metadata as PartialObjectMetadata, cut out of its bytes. */
export function partialPiece(object: CachedObject): Piece {
  return {
    prefix: openObject(partialMeta, object),
    body: object.body,
    from: spliceAt,
    to: metadataEnd(object.body),
    suffix: '}',
  };
}

/** PartialObjectMetadata and its list, in meta.k8s.io/v1; the same for every version of a kind. */
export function partialView(): View {
  return {
    id: 'meta.k8s.io/v1/PartialObjectMetadata json',
    alone: partialPiece,
    item: partialPiece,
    listHead: (meta) =>
      listHeadOf(typeMetaOf('PartialObjectMetadataList', 'meta.k8s.io/v1'), meta, '"items":'),
    listTail: ']}\n',
    bookmark: (revision, annotations) => bookmarkOf(partialMeta, revision, annotations),
  };
}

/** Index just after the `}` that closes metadata. */
function metadataEnd(body: Uint8Array): number {
  let depth = 1;
  for (let at = spliceAt; at < body.byteLength; at++) {
    const byte = body[at];
    if (byte === 0x22) at = stringEnd(body, at);
    else if (byte === 0x7b) depth++;
    else if (byte === braceEnd && --depth === 0) return at + 1;
  }
  return body.byteLength;
}

/** Index of the quote that ends the string which begins at `start`. */
function stringEnd(body: Uint8Array, start: number): number {
  for (let at = start + 1; at < body.byteLength; at++) {
    const byte = body[at];
    if (byte === 0x22) return at;
    if (byte === 0x5c) at++;
  }
  return body.byteLength;
}

/** A piece as bytes of its own, between two ASCII texts. */
export function pieceBytes(piece: Piece, before = '', after = ''): Uint8Array {
  const head = before + piece.prefix;
  const tail = piece.suffix + after;
  const size = piece.to - piece.from;
  const bytes = Buffer.allocUnsafe(head.length + size + tail.length);
  bytes.write(head, 0, 'latin1');
  bytes.set(piece.body.subarray(piece.from, piece.to), head.length);
  bytes.write(tail, head.length + size, 'latin1');
  return bytes;
}

/** The bytes of a GET; a failed conversion rejects. */
export function getBytes(view: View, object: CachedObject): Uint8Array | Promise<Uint8Array> {
  const piece = view.alone(object, true);
  if (piece instanceof Promise) return piece.then((done) => pieceBytes(done, '', '\n'));
  return pieceBytes(piece, '', '\n');
}

export type WatchEventType = 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';

/** One watch event's frame around an object's piece. */
export function frameBytes(type: WatchEventType, piece: Piece): Uint8Array {
  return pieceBytes(piece, `{"type":"${type}","object":`, '}\n');
}

/** A frame around an object that is already text. */
export function frameText(type: WatchEventType, object: string): Uint8Array {
  return Buffer.from(`{"type":"${type}","object":${object}}\n`);
}
