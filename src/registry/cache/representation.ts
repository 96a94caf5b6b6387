// How a stored object's bytes become an answer: prefixes and splices around bytes that stay as they are.
import type { Status } from '../../status.ts';
import { toJson } from '../schema/json.ts';
import type { CachedObject } from './types.ts';

/**
 * Bytes of one answer: `prefix`, `body` from `from` to `to`, `suffix`. The texts hold one character
 * for each byte: ASCII in JSON, any up to 255 in protobuf. Nothing is copied until it is written.
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
export interface View extends Wire {
  /** Distinguishes it among the views of the same resource. */
  readonly id: string;
  /** An object on its own, as GET and watch events show it. `first`: nothing went before it. */
  alone(object: CachedObject, first: boolean): Piece | Promise<Piece>;
  /** An object as an element of a list. */
  item(object: CachedObject): Piece | Promise<Piece>;
  /**
   * A list up to its first item, and from its last item on, one character for each byte.
   *
   * @param itemsBytes size of all items together; only where `sized`
   */
  listHead(meta: ListMeta, itemsBytes: number): string;
  readonly listTail: string;
  /** An object with nothing but a resourceVersion, for bookmarks. */
  bookmark(revision: number, annotations?: Readonly<Record<string, string>>): Piece;
}

/** What a media type asks of answers, whatever they show. */
export interface Wire {
  /** A list says how long it is before its first item. */
  readonly sized: boolean;
  /** Between two items of a list. */
  readonly separator: string;
  /** A whole answer. */
  document(piece: Piece): Piece;
  /** One event of a watch, around its object. */
  frame(type: WatchEventType, piece: Piece): Piece;
  /** The object of an ERROR event. */
  failure(status: Status): Piece;
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

/**
 * The head of an object up to where the stored metadata goes on. An object that was never written
 * (dry run) has no revision.
 */
function openObject(typeMeta: string, object: CachedObject): string {
  if (object.revision === 0) return `{${typeMeta}"metadata":{`;
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
): Piece {
  const extra = annotations === undefined ? '' : `,"annotations":${JSON.stringify(annotations)}`;
  return textPiece(`{${typeMeta}"metadata":{"resourceVersion":"${revision}"${extra}}}`);
}

const nothing = new Uint8Array(0);

/** A piece that is all text, one character for each byte. */
export function textPiece(text: string): Piece {
  return { prefix: text, body: nothing, from: 0, to: 0, suffix: '' };
}

/** A piece that is all bytes. */
export function bodyPiece(body: Uint8Array): Piece {
  return { prefix: '', body, from: 0, to: body.byteLength, suffix: '' };
}

export function pieceSize(piece: Piece): number {
  return piece.prefix.length + piece.to - piece.from + piece.suffix.length;
}

export function around(before: string, piece: Piece, after: string): Piece {
  return { ...piece, prefix: before + piece.prefix, suffix: piece.suffix + after };
}

/** JSON: documents and watch events end their line. */
export const jsonWire: Wire = {
  sized: false,
  separator: ',',
  document: (piece) => around('', piece, '\n'),
  frame: (type, piece) => around(`{"type":"${type}","object":`, piece, '}\n'),
  failure: (status) => bodyPiece(Buffer.from(toJson(status))),
};

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
    ...jsonWire,
    id: `${form.apiVersion}/${form.kind} json`,
    alone: (object) => show(typeMeta, object),
    item: (object) => show(itemMeta, object),
    listHead: (meta) => listHeadOf(typeMetaOf(form.listKind, form.apiVersion), meta, '"items":'),
    listTail: ']}\n',
    bookmark: (revision, annotations) => bookmarkOf(typeMeta, revision, annotations),
  };
}

/** The versions of the meta group in which objects are shown as tables and as metadata only. */
export type MetaVersion = 'v1' | 'v1beta1';

/** The object with its metadata as tables and PartialObjectMetadata show it. */
export type ShownMetadata = (object: CachedObject) => CachedObject;

export const asStored: ShownMetadata = (object) => object;

/** An object's metadata as PartialObjectMetadata, cut out of its bytes. */
export function partialPiece(object: CachedObject, version: MetaVersion): Piece {
  return {
    prefix: openObject(typeMetaOf('PartialObjectMetadata', `meta.k8s.io/${version}`), object),
    body: object.body,
    from: spliceAt,
    to: metadataEnd(object.body),
    suffix: '}',
  };
}

/** PartialObjectMetadata and its list; the same for every version of a kind. */
export function partialView(
  version: MetaVersion = 'v1',
  metadataOf: ShownMetadata = asStored,
): View {
  const apiVersion = `meta.k8s.io/${version}`;
  const listMeta = typeMetaOf('PartialObjectMetadataList', apiVersion);
  return {
    ...jsonWire,
    id: `${apiVersion}/PartialObjectMetadata json`,
    alone: (object) => partialPiece(metadataOf(object), version),
    item: (object) => partialPiece(metadataOf(object), version),
    listHead: (meta) => listHeadOf(listMeta, meta, '"items":'),
    listTail: ']}\n',
    bookmark: (revision, annotations) =>
      bookmarkOf(typeMetaOf('PartialObjectMetadata', apiVersion), revision, annotations),
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

/** A piece as bytes of its own. */
export function pieceBytes(piece: Piece): Uint8Array {
  const { prefix, suffix } = piece;
  const size = piece.to - piece.from;
  const bytes = Buffer.allocUnsafe(prefix.length + size + suffix.length);
  bytes.write(prefix, 0, 'latin1');
  bytes.set(piece.body.subarray(piece.from, piece.to), prefix.length);
  bytes.write(suffix, prefix.length + size, 'latin1');
  return bytes;
}

/** The bytes of a GET; a failed conversion rejects. */
export function getBytes(view: View, object: CachedObject): Uint8Array | Promise<Uint8Array> {
  const piece = view.alone(object, true);
  if (piece instanceof Promise) return piece.then((done) => pieceBytes(view.document(done)));
  return pieceBytes(view.document(piece));
}

export type WatchEventType = 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
