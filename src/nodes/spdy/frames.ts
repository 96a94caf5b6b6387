// SPDY/3.1 frames: what there is, and how each is written.

export const frameType = {
  synStream: 1,
  synReply: 2,
  rstStream: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  headers: 8,
  windowUpdate: 9,
} as const;

export const flagFin = 1;
export const flagUnidirectional = 2;

/** Why a stream is reset (RST_STREAM). */
export const resetStatus = {
  protocolError: 1,
  invalidStream: 2,
  refusedStream: 3,
  unsupportedVersion: 4,
  cancel: 5,
  internalError: 6,
  flowControlError: 7,
  streamInUse: 8,
  streamAlreadyClosed: 9,
  frameTooLarge: 11,
} as const;

export const goAwayStatus = { ok: 0, protocolError: 1, internalError: 2 } as const;

export const streamIdMax = 0x7fffffff;
export const frameHeaderBytes = 8;
const version = 3;
const dataBytesMax = 0xffffff;

/** A frame as it was read. Data comes in pieces, only the last of which may say `fin`. */
export type SpdyFrame =
  | {
      readonly type: 'data';
      readonly streamId: number;
      readonly data: Uint8Array;
      readonly fin: boolean;
    }
  | {
      readonly type: 'synStream';
      readonly streamId: number;
      readonly associatedId: number;
      readonly priority: number;
      readonly fin: boolean;
      readonly unidirectional: boolean;
      readonly block: Uint8Array;
    }
  | {
      readonly type: 'synReply' | 'headers';
      readonly streamId: number;
      readonly fin: boolean;
      readonly block: Uint8Array;
    }
  | { readonly type: 'rstStream'; readonly streamId: number; readonly status: number }
  | {
      readonly type: 'settings';
      readonly settings: readonly { readonly id: number; readonly value: number }[];
    }
  | { readonly type: 'ping'; readonly id: number }
  | { readonly type: 'goAway'; readonly lastStreamId: number; readonly status: number }
  | { readonly type: 'windowUpdate'; readonly streamId: number; readonly delta: number };

/** The peer broke the protocol: the connection ends. */
export class SpdyProtocolError extends Error {
  readonly code = 'ERR_SPDY_PROTOCOL';
}

function control(type: number, flags: number, payload: Uint8Array): Buffer {
  const frame = Buffer.alloc(frameHeaderBytes + payload.length);
  frame.writeUInt16BE(0x8000 | version, 0);
  frame.writeUInt16BE(type, 2);
  frame.writeUInt32BE(((flags << 24) | payload.length) >>> 0, 4);
  frame.set(payload, frameHeaderBytes);
  return frame;
}

function words(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [i, value] of values.entries()) bytes.writeUInt32BE(value >>> 0, i * 4);
  return bytes;
}

export function encodeSynStream(streamId: number, block: Uint8Array, fin: boolean): Buffer {
  const fields = Buffer.concat([words(streamId, 0), Buffer.alloc(2), block]);
  return control(frameType.synStream, fin ? flagFin : 0, fields);
}

export function encodeSynReply(streamId: number, block: Uint8Array, fin: boolean): Buffer {
  return control(frameType.synReply, fin ? flagFin : 0, Buffer.concat([words(streamId), block]));
}

export function encodeHeaders(streamId: number, block: Uint8Array, fin: boolean): Buffer {
  return control(frameType.headers, fin ? flagFin : 0, Buffer.concat([words(streamId), block]));
}

export function encodeRstStream(streamId: number, status: number): Buffer {
  return control(frameType.rstStream, 0, words(streamId, status));
}

export function encodeSettings(
  settings: readonly { readonly id: number; readonly value: number }[],
): Buffer {
  const values = settings.flatMap(({ id, value }) => [id, value]);
  return control(frameType.settings, 0, words(settings.length, ...values));
}

export function encodePing(id: number): Buffer {
  return control(frameType.ping, 0, words(id));
}

export function encodeGoAway(lastStreamId: number, status: number): Buffer {
  return control(frameType.goAway, 0, words(lastStreamId, status));
}

export function encodeWindowUpdate(streamId: number, delta: number): Buffer {
  return control(frameType.windowUpdate, 0, words(streamId, delta));
}

/** The header of a data frame whose `length` bytes follow it. */
export function encodeDataHeader(streamId: number, length: number, fin: boolean): Buffer {
  if (length > dataBytesMax) throw new RangeError(`a data frame cannot hold ${length} bytes`);
  return words(streamId, ((fin ? flagFin << 24 : 0) | length) >>> 0);
}
