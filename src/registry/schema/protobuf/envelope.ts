// The envelope of Kubernetes' protobuf, `k8s\0` and runtime.Unknown: what an object says of itself.
import { ProtobufError, WireReader } from './wire-reader.ts';

export const protobufMediaType = 'application/vnd.kubernetes.protobuf';

const magic = 'k8s\0';
/** Content encoding and content type, which Go writes though they are empty. */
export const envelopeTail = '\x1a\x00\x22\x00';

export interface Envelope {
  readonly apiVersion: string;
  readonly kind: string;
  /** The object's own message. */
  readonly raw: Uint8Array;
}

/** A length or tag as it stands in a message, one character for each byte. */
export function varintText(value: number): string {
  let text = '';
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) {
    text += String.fromCharCode((rest % 0x80) | 0x80);
  }
  return text + String.fromCharCode(rest);
}

/** A field that is a text in ASCII or a message, one character for each byte. */
export function chunkText(tag: number, text: string): string {
  return varintText(tag) + varintText(text.length) + text;
}

/** Everything before an object's message of `size` bytes, one character for each byte. */
export function envelopeHead(apiVersion: string, kind: string, size: number): string {
  const typeMeta = chunkText(0x0a, apiVersion) + chunkText(0x12, kind);
  return `${magic}${chunkText(0x0a, typeMeta)}\x12${varintText(size)}`;
}

/** A message in its envelope. */
export function enveloped(apiVersion: string, kind: string, message: Uint8Array): Uint8Array {
  const head = envelopeHead(apiVersion, kind, message.byteLength);
  return Buffer.concat([Buffer.from(head, 'latin1'), message, Buffer.from(envelopeTail, 'latin1')]);
}

export function isEnvelope(bytes: Uint8Array): boolean {
  for (let at = 0; at < magic.length; at++) {
    if (bytes[at] !== magic.charCodeAt(at)) return false;
  }
  return true;
}

/** @throws ProtobufError in upstream's words */
export function readEnvelope(bytes: Uint8Array): Envelope {
  if (bytes.byteLength === 0) throw new ProtobufError('empty data');
  if (!isEnvelope(bytes)) {
    throw new ProtobufError(
      'provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]',
    );
  }
  if (bytes.byteLength === magic.length) throw new ProtobufError('empty body');
  const reader = new WireReader(bytes, magic.length);
  const end = bytes.byteLength;
  let apiVersion = '';
  let kind = '';
  let raw = bytes.subarray(0, 0);
  while (reader.at < end) {
    const tag = reader.tag(end);
    if (tag === 0x12) {
      const chunkEnd = reader.chunk(end);
      raw = bytes.subarray(reader.at, chunkEnd);
      reader.at = chunkEnd;
    } else if (tag === 0x0a) {
      const metaEnd = reader.chunk(end);
      while (reader.at < metaEnd) {
        const inner = reader.tag(metaEnd);
        if (inner === 0x0a) apiVersion = reader.string(reader.chunk(metaEnd));
        else if (inner === 0x12) kind = reader.string(reader.chunk(metaEnd));
        else reader.skip(inner, metaEnd);
      }
    } else reader.skip(tag, end);
  }
  return { apiVersion, kind, raw };
}
