// Bodies that are written piece by piece reach real sockets whole and in order.
import { once } from 'node:events';
import { createServer, get, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import t from 'tap';
import { SharedChunks, StreamedBody } from './streamed-body.ts';

type Write = (body: StreamedBody, response: ServerResponse) => Promise<void>;

/** A server that answers every request by `write`; its port. */
async function serve(t: { teardown(done: () => void): void }, write: Write): Promise<number> {
  const chunks = new SharedChunks();
  const server = createServer((_, response) => {
    response.writeHead(200);
    response.flushHeaders();
    write(new StreamedBody(response, chunks), response).then(
      () => response.end(),
      () => response.destroy(),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  return (server.address() as AddressInfo).port;
}

async function read(port: number): Promise<string> {
  const [response] = await once(get({ port, host: '127.0.0.1' }), 'response');
  let text = '';
  for await (const piece of response) text += String(piece);
  return text;
}

const shared = Buffer.from('{"type":"ADDED"}\n');

t.test('pieces of every size come whole and in order', async (t) => {
  const pieces = ['text', shared, new Uint8Array(0), Buffer.alloc(100_000, 'x'), shared, ''];
  const port = await serve(t, async (body) => {
    for (const piece of pieces) await body.write(piece);
  });
  const wanted = pieces
    .map((each) => (typeof each === 'string' ? each : Buffer.from(each).toString()))
    .join('');
  const [first, second] = await Promise.all([read(port), read(port)]);
  t.equal(first, wanted);
  t.equal(second, wanted, 'a piece serves several answers');
});

t.test('a reader who is slow holds the writer up, and loses nothing', async (t) => {
  const count = 4000;
  let waited = 0;
  const port = await serve(t, async (body) => {
    for (let at = 0; at < count; at++) {
      const waiting = body.write(Buffer.alloc(8000, 'y'));
      if (waiting !== undefined) waited++;
      await waiting;
    }
  });
  const [response] = await once(get({ port, host: '127.0.0.1' }), 'response');
  let bytes = 0;
  for await (const piece of response) bytes += piece.length;
  t.equal(bytes, count * 8000);
  t.ok(waited > 0, 'the socket was full at times');
});

t.test('a writer is told when the client goes away while the socket is full', async (t) => {
  let ended: (error: unknown) => void;
  const failure = new Promise<unknown>((resolve) => {
    ended = resolve;
  });
  const port = await serve(t, async (body) => {
    try {
      for (;;) await body.write(Buffer.alloc(8000, 'z'));
    } catch (error) {
      ended(error);
    }
  });
  const socket = connect(port, '127.0.0.1');
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  await once(socket, 'readable');
  socket.destroy();
  t.match(await failure, { message: 'the client is gone' });
});

t.test('who speaks HTTP/1.0 gets no chunks', async (t) => {
  const port = await serve(t, async (body) => {
    await body.write(shared);
    await body.write(shared);
  });
  const socket = connect(port, '127.0.0.1');
  socket.write('GET / HTTP/1.0\r\n\r\n');
  let text = '';
  for await (const piece of socket) text += String(piece);
  t.ok(text.endsWith(`\r\n\r\n${shared}${shared}`));
});
