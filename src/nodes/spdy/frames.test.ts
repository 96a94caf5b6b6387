// Frames and header blocks survive a round trip, cut anywhere; broken ones are protocol errors.
import { constants, createDeflate, createInflate } from 'node:zlib';
import t from 'tap';
import { seededRandom } from '../../random.ts';
import { headerDictionary, headerDictionaryId } from './dictionary.ts';
import { FrameReader } from './frame-reader.ts';
import {
  encodeDataHeader,
  encodeGoAway,
  encodeHeaders,
  encodePing,
  encodeRstStream,
  encodeSettings,
  encodeSynReply,
  encodeSynStream,
  encodeWindowUpdate,
  type SpdyFrame,
} from './frames.ts';
import { HeaderDecoder, HeaderEncoder } from './headers.ts';

const block = Buffer.from('a block');
const wire = Buffer.concat([
  encodeSynStream(1, block, true),
  encodeSynReply(1, block, false),
  encodeHeaders(3, block, true),
  encodeRstStream(3, 5),
  encodeSettings([{ id: 4, value: 65_536 }]),
  encodePing(7),
  encodeGoAway(9, 0),
  encodeWindowUpdate(1, 1000),
  encodeDataHeader(5, 5, true),
  Buffer.from('hello'),
  encodeDataHeader(5, 0, true),
]);

function read(pieces: Iterable<Uint8Array>): SpdyFrame[] {
  const reader = new FrameReader();
  const frames: SpdyFrame[] = [];
  for (const piece of pieces) {
    for (const frame of reader.push(piece)) {
      const last = frames.at(-1);
      if (frame.type === 'data' && last?.type === 'data' && !last.fin) {
        frames[frames.length - 1] = { ...frame, data: Buffer.concat([last.data, frame.data]) };
      } else frames.push(frame);
    }
  }
  return frames;
}

t.test('frames round trip, cut at any place', async (t) => {
  const whole = read([wire]);
  t.match(whole, [
    { type: 'synStream', streamId: 1, fin: true, unidirectional: false, priority: 0, block },
    { type: 'synReply', streamId: 1, fin: false, block },
    { type: 'headers', streamId: 3, fin: true, block },
    { type: 'rstStream', streamId: 3, status: 5 },
    { type: 'settings', settings: [{ id: 4, value: 65_536 }] },
    { type: 'ping', id: 7 },
    { type: 'goAway', lastStreamId: 9, status: 0 },
    { type: 'windowUpdate', streamId: 1, delta: 1000 },
    { type: 'data', streamId: 5, data: Buffer.from('hello'), fin: true },
    { type: 'data', streamId: 5, data: Buffer.alloc(0), fin: true },
  ]);
  t.same(read(Array.from(wire, (byte) => Uint8Array.of(byte))), whole, 'byte by byte');
  for (let cut = 1; cut < wire.length; cut += 7) {
    t.same(read([wire.subarray(0, cut), wire.subarray(cut)]), whole);
  }
});

t.test('broken frames are protocol errors', async (t) => {
  const broken = [
    [0x80, 2, 0, 1, 0, 0, 0, 0],
    [0x80, 3, 0, 1, 0, 0, 0, 2, 0, 0],
    [0x80, 3, 0, 3, 0, 0, 0, 4, 0, 0, 0, 1],
    [0x80, 3, 0, 4, 0, 0, 0, 4, 0, 0, 0, 1],
    [0x80, 3, 0, 4, 0, 0, 0, 4, 255, 255, 255, 255],
    [0x80, 3, 0, 1, 0, 0xff, 0, 0],
    [0, 0, 0, 0, 0, 0, 0, 1, 0],
  ];
  for (const bytes of broken) {
    t.throws(() => read([Buffer.from(bytes)]), { code: 'ERR_SPDY_PROTOCOL' });
  }
  t.strictSame(read([Buffer.from([0x80, 3, 0, 99, 0, 0, 0, 1, 7])]), [], 'unknown ones are not');
});

t.test('header blocks share one zlib stream', async (t) => {
  const encoder = new HeaderEncoder();
  const decoder = new HeaderDecoder();
  const sent = [{ streamtype: 'error', port: '80' }, {}, { big: 'x'.repeat(100_000) }, { a: 'ü' }];
  for (const headers of sent) t.strictSame(decoder.decode(encoder.encode(headers)), headers);

  const inflate = createInflate({ dictionary: headerDictionary() });
  const out: Buffer[] = [];
  inflate.on('data', (chunk: Buffer) => out.push(chunk));
  const again = new HeaderEncoder();
  inflate.write(again.encode({ streamtype: 'stdin' }));
  await new Promise<void>((resolve) => inflate.write(again.encode({ a: 'b' }), () => resolve()));
  t.ok(Buffer.concat(out).includes('stdin'), 'zlib reads it');
});

t.test('compressed blocks of another implementation are read', async (t) => {
  const deflate = createDeflate({ dictionary: headerDictionary(), level: 9 });
  const out: Buffer[] = [];
  deflate.on('data', (chunk: Buffer) => out.push(chunk));
  const decoder = new HeaderDecoder();
  for (let i = 0; i < 50; i++) {
    const pair = ['streamtype', `stdout-${i}-${'y'.repeat(i * 100)}`].flatMap((each) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(each.length);
      return [length, Buffer.from(each)];
    });
    deflate.write(Buffer.concat([Buffer.from([0, 0, 0, 1]), ...pair]));
    await new Promise<void>((resolve) => deflate.flush(constants.Z_SYNC_FLUSH, resolve));
    const headers = decoder.decode(Buffer.concat(out.splice(0)));
    t.equal(headers.streamtype, `stdout-${i}-${'y'.repeat(i * 100)}`);
  }
});

t.test('broken header blocks are protocol errors', async (t) => {
  const dictionaryId = Buffer.alloc(4);
  dictionaryId.writeUInt32BE(headerDictionaryId);
  const start = Buffer.concat([Buffer.from([0x78, 0x20]), dictionaryId]);
  const random = seededRandom(3);
  for (let round = 0; round < 300; round++) {
    const noise = Buffer.from(Array.from({ length: 40 }, () => random.next() * 256));
    const bytes = round % 2 === 0 ? Buffer.concat([start, noise]) : noise;
    try {
      new HeaderDecoder().decode(bytes);
    } catch (error) {
      t.match(error, { code: 'ERR_SPDY_PROTOCOL' });
    }
  }
  // A name/value block that claims more than there is.
  const stored = Buffer.concat([start, Buffer.from([0, 4, 0, 0xfb, 0xff, 0, 0, 0, 9])]);
  t.throws(() => new HeaderDecoder().decode(stored), { code: 'ERR_SPDY_PROTOCOL' });
});
