// Runs the transport contract over the direct, MessagePort and HTTP(S) transports.

import { once } from 'node:events';
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { MessageChannel } from 'node:worker_threads';
import t from 'tap';
import { withHeaders, withToken } from './credentials.ts';
import { createDirectTransport, flatHeaders, type RequestHandler } from './direct.ts';
import { createHttpsTransport } from './https.ts';
import { createPortTransport, servePort } from './port.ts';
import { textOf, transportContract } from './transport.contract.ts';

transportContract(t, 'direct', async (handler) => {
  const transport = createDirectTransport(handler);
  return { transport, close: () => transport.close() };
});

transportContract(t, 'port', async (handler) => {
  const { port1, port2 } = new MessageChannel();
  const stop = servePort(port2, handler);
  const transport = createPortTransport(port1);
  return {
    transport,
    close: async () => {
      await transport.close();
      stop();
    },
  };
});

/** The handler as a plain node server. */
function listener(handler: RequestHandler): RequestListener {
  return (request, response) => {
    serve(handler, request, response).catch((error) => response.destroy(error));
  };
}

async function serve(handler: RequestHandler, request: IncomingMessage, response: ServerResponse) {
  const gone = new AbortController();
  response.on('close', () => gone.abort(new Error('gone')));
  const headers = flatHeaders(request.headersDistinct as Record<string, string[]>);
  const answer = await handler({
    method: request.method ?? '',
    url: request.url ?? '',
    headers,
    body: request,
    signal: gone.signal,
  });
  response.writeHead(answer.status, flatHeaders(answer.headers));
  if (typeof answer.body !== 'function') return void response.end(answer.body);
  await answer.body({
    write: (chunk) => {
      if (gone.signal.aborted) throw new Error('gone');
      if (response.write(chunk)) return undefined;
      return Promise.race([once(response, 'drain'), once(response, 'close')]).then(() => undefined);
    },
  });
  response.end();
}

transportContract(t, 'http', async (handler) => {
  const server = createServer(listener(handler)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const transport = createHttpsTransport({ server: `http://127.0.0.1:${port}` });
  return {
    transport,
    close: async () => {
      await transport.close();
      server.closeAllConnections();
      server.close();
    },
  };
});

t.test('http: no answer is an error that says which', async (t) => {
  const transport = createHttpsTransport({ server: 'http://127.0.0.1:1' });
  const request = transport.request({ method: 'GET', url: '/livez' });
  await t.rejects(request, { code: 'ECONNREFUSED', message: /cannot GET \/livez/ });
  await transport.close();
});

t.test('http: who waits for a connection can leave, and does not wait for ever', async (t) => {
  const seen: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    seen.push(request.url);
    response.flushHeaders();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const options = { server: `http://127.0.0.1:${port}`, connectionsMax: 1 };
  for (const headTimeoutMs of [undefined, 1000]) {
    const transport = createHttpsTransport(
      headTimeoutMs === undefined ? options : { ...options, headTimeoutMs },
    );
    const endless = await transport.request({ method: 'GET', url: '/endless' });
    const client = new AbortController();
    const waiting = transport.request({ method: 'GET', url: '/wait', signal: client.signal });
    if (headTimeoutMs === undefined) client.abort(new Error('I leave'));
    const why = headTimeoutMs === undefined ? /I leave/ : /no answer within 1000 ms/;
    await t.rejects(waiting, { message: why });
    t.equal(endless.status, 200, 'whose answer goes on is left alone');
    await transport.close();
  }
  t.same(seen, ['/endless', '/endless']);
  server.closeAllConnections();
  server.close();
});

t.test('a token is sent, and asked for again after a 401', async (t) => {
  const refreshes: boolean[] = [];
  const direct = createDirectTransport(async (request) =>
    request.headers.authorization === 'Bearer new'
      ? { status: 200, headers: {}, body: request.headers['impersonate-user'] ?? '' }
      : { status: 401, headers: {} },
  );
  const withBearer = withToken(direct, (refresh) => {
    refreshes.push(refresh);
    return refresh ? 'new' : 'old';
  });
  const transport = withHeaders(withBearer, { 'impersonate-user': 'jane' });
  const response = await transport.request({ method: 'GET', url: '/' });
  t.equal(response.status, 200);
  t.equal(await textOf(response), 'jane');
  t.same(refreshes, [false, true]);
  t.equal(direct.pending(), 0);
});
