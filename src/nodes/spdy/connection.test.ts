// Two ends over a pair of sockets: headers, half-close, resets, slow readers, broken peers.
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { finished } from 'node:stream/promises';
import t, { type Test } from 'tap';
import { seededRandom } from '../../random.ts';
import { SpdyConnection } from './connection.ts';
import { encodePing } from './frames.ts';
import type { SpdyStream } from './stream.ts';

async function sockets(t: Test): Promise<[Socket, Socket]> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const client = connect(address.port, '127.0.0.1');
  const [served] = await accepted;
  t.teardown(() => {
    client.destroy();
    served.destroy();
    server.close();
  });
  return [client, served];
}

async function pair(
  t: Test,
  onStream: (stream: SpdyStream) => void,
): Promise<{ client: SpdyConnection; server: SpdyConnection }> {
  const [near, far] = await sockets(t);
  const server = new SpdyConnection(far, { side: 'server', onStream });
  return { client: new SpdyConnection(near, { side: 'client' }), server };
}

t.test('streams carry headers and bytes, and each side ends alone', async (t) => {
  const { client, server } = await pair(t, (stream) => {
    stream.write(`${stream.headers.streamtype}:`);
    stream.pipe(stream);
  });
  const names = ['stdin', 'stdout', 'error'];
  const streams = names.map((streamtype) => client.openStream({ streamtype, port: '80' }));
  await Promise.all(streams.map((stream) => stream.replied()));
  const texts = await Promise.all(
    streams.map((stream, i) => {
      stream.end(`hello ${i}`);
      return text(stream);
    }),
  );
  t.strictSame(texts, ['stdin:hello 0', 'stdout:hello 1', 'error:hello 2']);
  client.close();
  await Promise.all([client.closed, server.closed]);
  t.equal(client.error, undefined);
  t.equal(server.error, undefined);
  t.throws(() => client.openStream({}));
});

t.test('a stream that we only read; one that is refused', async (t) => {
  const { client } = await pair(t, (stream) => {
    if (stream.headers.streamtype === 'bad') stream.refuse();
    else stream.end('only this');
  });
  const stream = client.openStream({ streamtype: 'stdout' }, { finish: true });
  t.equal(await text(stream), 'only this');
  const refused = client.openStream({ streamtype: 'bad' });
  refused.resume();
  await finished(refused);
  client.destroy();
  await client.closed;
});

t.test('megabytes pass whole, and a slow reader holds the writer back', async (t) => {
  const bytes = 20 * 1024 * 1024;
  let received: SpdyStream | undefined;
  const { client, server } = await pair(t, (stream) => {
    received = stream;
  });
  const stream = client.openStream({});
  await stream.replied();
  const random = seededRandom(7);
  const piece = Buffer.from(Array.from({ length: 65_536 + 17 }, () => random.next() * 256));
  let sent = 0;
  const writing = (async () => {
    while (sent < bytes) {
      if (!stream.write(piece)) await once(stream, 'drain');
      sent += piece.length;
    }
    stream.end();
  })();
  let last = -1;
  while (last !== sent) {
    last = sent;
    for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setImmediate(resolve));
  }
  t.ok(sent < bytes, `the writer waits after ${sent} bytes`);
  let read = 0;
  for await (const chunk of received ?? []) {
    const data = chunk as Buffer;
    const at = read % piece.length;
    const size = Math.min(data.length, piece.length - at);
    if (!data.subarray(0, size).equals(piece.subarray(at, at + size))) t.fail(`at ${read}`);
    read += data.length;
  }
  await writing;
  t.equal(read, sent);
  stream.resume();
  server.close();
  await Promise.all([client.closed, server.closed]);
});

t.test('a reset ends the reader after what it had; writes go nowhere', async (t) => {
  const { client } = await pair(t, (stream) => {
    stream.write('partial', () => setImmediate(() => stream.destroy()));
  });
  const stream = client.openStream({});
  t.equal(await text(stream), 'partial');
  await finished(stream);
  client.destroy();
});

t.test('a lost connection ends every stream on both sides', async (t) => {
  const ends: Promise<string>[] = [];
  const { client, server } = await pair(t, (stream) => ends.push(text(stream)));
  const stream = client.openStream({});
  await stream.replied();
  client.destroy();
  t.equal(await text(stream), '');
  await server.closed;
  t.strictSame(await Promise.all(ends), ['']);
});

t.test('pings come back; malformed frames end the connection and nothing else', async (t) => {
  const [near, far] = await sockets(t);
  const server = new SpdyConnection(far, { side: 'server' });
  near.write(encodePing(5));
  const [echo] = (await once(near, 'data')) as [Buffer];
  t.same(echo, encodePing(5));
  near.write(Buffer.from([0x80, 2, 0, 1, 0, 0, 0, 0]));
  near.resume();
  await server.closed;
  t.match(server.error, { code: 'ERR_SPDY_PROTOCOL' });
  const random = seededRandom(42);
  for (let round = 0; round < 100; round++) {
    const [a, b] = await sockets(t);
    const victim = new SpdyConnection(b, { side: 'server', onStream: (s) => s.resume() });
    const noise = Buffer.from(Array.from({ length: 400 }, () => random.next() * 256));
    // Half of the rounds look like control frames at first.
    if (round % 2 === 0) noise.set([0x80, 3, 0, 1 + (round % 9), 0, 0, 0, 20 + (round % 40)]);
    a.on('error', () => undefined);
    a.end(noise);
    a.resume();
    await victim.closed;
  }
});
