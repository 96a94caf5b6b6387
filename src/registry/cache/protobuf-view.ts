// How stored objects are shown in protobuf: cached messages with the resourceVersion spliced in.
import type { Status } from '../../status.ts';
import type { ApiObject } from '../resource.ts';
import {
  chunkText,
  enveloped,
  envelopeHead,
  envelopeTail,
  varintText,
} from '../schema/protobuf/envelope.ts';
import {
  around,
  bodyPiece,
  type ListMeta,
  type Piece,
  pieceSize,
  type View,
} from './representation.ts';
import type { CachedObject } from './types.ts';

/** One group-version of a resource in protobuf. */
export interface ProtobufForm {
  readonly kind: string;
  readonly apiVersion: string;
  readonly listKind: string;
  /**
   * The object's message without resourceVersion, metadata first; made once per revision. May fail
   * for one object with a StatusError.
   */
  message(object: CachedObject): Uint8Array | Promise<Uint8Array>;
  /** The message of an object that has nothing but this metadata. */
  bare(object: ApiObject): Uint8Array;
  /** A Status' own message. */
  status(status: Status): Uint8Array;
}

/** Fields of metadata that Go writes before resourceVersion: name to uid. */
const fieldsBeforeRevision = 5;
const emptyRevision = 2;

/** A view in Kubernetes' protobuf, of whole objects or of whatever `form` makes of them. */
export function protobufView(form: ProtobufForm): View {
  const { kind, apiVersion } = form;
  const alone = (piece: Piece): Piece =>
    around(envelopeHead(apiVersion, kind, pieceSize(piece)), piece, envelopeTail);
  const item = (piece: Piece): Piece => around(`\x12${varintText(pieceSize(piece))}`, piece, '');
  const show = (object: CachedObject, wrap: (piece: Piece) => Piece): Piece | Promise<Piece> => {
    const message = form.message(object);
    if (message instanceof Promise) return message.then((done) => wrap(spliced(object, done)));
    return wrap(spliced(object, message));
  };
  return {
    id: `${apiVersion}/${kind} protobuf`,
    sized: true,
    separator: '',
    document: (piece) => piece,
    frame(type, piece) {
      const size = pieceSize(piece);
      // WatchEvent: its type, and the object's bytes inside of a RawExtension.
      const raw = `\x0a${varintText(size)}`;
      const event = `${chunkText(0x0a, type)}\x12${varintText(raw.length + size)}${raw}`;
      return around(bigEndian(event.length + size) + event, piece, '');
    },
    failure: (status) => bodyPiece(enveloped('v1', 'Status', form.status(status))),
    alone: (object) => show(object, alone),
    item: (object) => show(object, item),
    listHead(meta, itemsBytes) {
      const metadata = chunkText(0x0a, listMetaText(meta));
      return envelopeHead(apiVersion, form.listKind, metadata.length + itemsBytes) + metadata;
    },
    listTail: envelopeTail,
    bookmark(revision, annotations = {}) {
      const object = { metadata: { resourceVersion: String(revision), annotations } };
      return alone(bodyPiece(form.bare(object)));
    },
  };
}

/** Four bytes that hold a frame's length. */
function bigEndian(size: number): string {
  return String.fromCharCode(size >>> 24, (size >>> 16) & 0xff, (size >>> 8) & 0xff, size & 0xff);
}

/** metav1.ListMeta as Go writes it. */
function listMetaText(meta: ListMeta): string {
  const { resourceVersion, continue: next = '', remainingItemCount: left } = meta;
  const text = chunkText(0x0a, '') + chunkText(0x12, resourceVersion) + chunkText(0x1a, next);
  return left === undefined ? text : `${text}\x20${varintText(left)}`;
}

/** Puts the revision where the message has an empty one; an object of a dry run keeps that. */
function spliced(object: CachedObject, message: Uint8Array): Piece {
  if (object.revision === 0) return bodyPiece(message);
  const metadata = readVarint(message, 1);
  let at = metadata.end;
  for (let field = 0; field < fieldsBeforeRevision; field++) {
    const chunk = readVarint(message, at + 1);
    at = chunk.end + chunk.value;
  }
  const revision = chunkText(0x32, String(object.revision));
  const before = Buffer.from(message.buffer, message.byteOffset + metadata.end, at - metadata.end);
  const size = metadata.value + revision.length - emptyRevision;
  return {
    prefix: `\x0a${varintText(size)}${before.toString('latin1')}${revision}`,
    body: message,
    from: at + emptyRevision,
    to: message.byteLength,
    suffix: '',
  };
}

function readVarint(bytes: Uint8Array, at: number): { value: number; end: number } {
  let value = 0;
  let end = at;
  for (let scale = 1; ; scale *= 0x80) {
    const byte = bytes[end++] ?? 0;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return { value, end };
  }
}
