// Compression: how answers shrink as they are made.
import { gunzipSync } from 'node:zlib';
import t from 'tap';
import { acceptsGzip, gzipped, produceBody } from './compression.ts';

t.test('large answers are gzipped as they are made', async (t) => {
  t.ok(acceptsGzip('deflate, gzip;q=0.5'));
  t.notOk(acceptsGzip('gzip;q=0'));
  t.notOk(acceptsGzip(undefined));
  const small = await produceBody(async (writer) => void (await writer.write('small')));
  t.equal(Buffer.from(small as Uint8Array).toString(), 'small');
  const chunk = 'x'.repeat(100_000);
  const large = await produceBody(async (writer) => {
    for (let i = 0; i < 5; i++) await writer.write(chunk);
  });
  t.type(large, 'function');
  if (typeof large !== 'function') return;
  const out: Uint8Array[] = [];
  await gzipped(large)({ write: (bytes) => void out.push(Buffer.from(bytes)) as undefined });
  t.equal(gunzipSync(Buffer.concat(out)).toString(), chunk.repeat(5));
  await t.rejects(
    produceBody(async () => {
      throw new Error('early');
    }),
    { message: 'early' },
    'a failure before the first byte can still become a Status',
  );
  const broken = gzipped(async (writer) => {
    await writer.write('x');
    throw new Error('late');
  });
  await t.rejects(broken({ write: () => undefined }), { message: 'late' });
  const gone = gzipped(async (writer) => {
    for (let i = 0; i < 1000; i++) await writer.write(chunk);
  });
  await t.rejects(gone({ write: () => Promise.reject(new Error('gone')) }), { message: 'gone' });
});
