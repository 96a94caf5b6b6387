// What every transport must do, as tests that each implementation runs.
import type t from 'tap';
import type { HandlerRequest, HandlerResponse, RequestHandler } from './direct.ts';
import type { Transport, TransportResponse } from './transport.ts';

/** Makes a transport whose other end is `handler`. */
export type TransportMaker = (
  handler: RequestHandler,
) => Promise<{ readonly transport: Transport; close(): Promise<void> }>;

export async function textOf(response: TransportResponse): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of response.body) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

interface Seen {
  readonly aborted: Promise<void>;
  readonly handler: RequestHandler;
  writtenBytes: number;
}

function origin(): Seen {
  let abort: () => void = () => undefined;
  const aborted = new Promise<void>((resolve) => {
    abort = resolve;
  });
  const seen: Seen = { aborted, writtenBytes: 0, handler: (request) => answer(request) };
  const answer = async (request: HandlerRequest): Promise<HandlerResponse> => {
    request.signal.addEventListener('abort', abort, { once: true });
    if (request.signal.aborted) abort();
    if (request.url.startsWith('/echo')) return echo(request);
    if (request.url === '/hang') {
      await new Promise<void>((resolve) =>
        request.signal.addEventListener('abort', () => resolve()),
      );
      return { status: 499, headers: {} };
    }
    if (request.url === '/empty') return { status: 204, headers: {} };
    if (request.url === '/break') {
      const body: HandlerResponse['body'] = async (writer) => {
        await writer.write('half');
        throw new Error('broken');
      };
      return { status: 200, headers: {}, body };
    }
    const body: HandlerResponse['body'] = async (writer) => {
      const chunk = new Uint8Array(64 * 1024).fill(97);
      const chunks = request.url === '/endless' ? Number.POSITIVE_INFINITY : 64;
      for (let i = 0; i < chunks; i++) {
        seen.writtenBytes += chunk.byteLength;
        await writer.write(chunk);
      }
    };
    return { status: 200, headers: { 'content-type': 'text/plain' }, body };
  };
  return seen;
}

async function echo(request: HandlerRequest): Promise<HandlerResponse> {
  let text = '';
  for await (const chunk of request.body ?? []) text += Buffer.from(chunk).toString();
  const body = JSON.stringify({ method: request.method, url: request.url, text });
  const said = request.headers['x-say'] ?? '';
  return { status: 418, headers: { 'X-Said': said, 'X-Many': ['a', 'b'] }, body };
}

const letLoopTurn = () => new Promise<void>((resolve) => setTimeout(resolve, 20));

/** Runs the suite under `name`. */
export function transportContract(tap: typeof t, name: string, make: TransportMaker): void {
  tap.test(`${name}: carries method, url, headers, body and status`, async (t) => {
    const { transport, close } = await make(origin().handler);
    const response = await transport.request({
      method: 'POST',
      url: '/echo/%2F?a=b%20c',
      headers: { 'x-say': 'hi' },
      body: 'ünïcode',
    });
    t.equal(response.status, 418);
    t.equal(response.headers['x-said'], 'hi');
    t.equal(response.headers['x-many'], 'a, b');
    const expected = { method: 'POST', url: '/echo/%2F?a=b%20c', text: 'ünïcode' };
    t.same(JSON.parse(await textOf(response)), expected);
    const empty = await transport.request({ method: 'DELETE', url: '/empty' });
    t.equal(empty.status, 204);
    t.equal(await textOf(empty), '');
    await close();
  });

  tap.test(`${name}: streams whole bodies, many at once`, async (t) => {
    const { transport, close } = await make(origin().handler);
    const texts = await Promise.all(
      [1, 2, 3].map(async () => textOf(await transport.request({ method: 'GET', url: '/big' }))),
    );
    t.same(
      texts.map((text) => text.length),
      [1, 2, 3].map(() => 64 * 64 * 1024),
    );
    await close();
  });

  tap.test(`${name}: a reader that pauses holds the writer; leaving aborts it`, async (t) => {
    const seen = origin();
    const { transport, close } = await make(seen.handler);
    const response = await transport.request({ method: 'GET', url: '/endless' });
    const reader = response.body[Symbol.asyncIterator]();
    await reader.next();
    let before = -1;
    for (let turns = 0; turns < 50 && before !== seen.writtenBytes; turns++) {
      before = seen.writtenBytes;
      await letLoopTurn();
    }
    t.equal(seen.writtenBytes, before, 'the writer stands still');
    t.ok(before < 64 * 1024 * 1024, 'within a bound');
    await reader.return?.();
    await seen.aborted;
    await close();
  });

  tap.test(`${name}: an abort rejects the request and reaches the handler`, async (t) => {
    const seen = origin();
    const { transport, close } = await make(seen.handler);
    const controller = new AbortController();
    const { signal } = controller;
    const request = transport.request({ method: 'GET', url: '/hang', signal });
    const rejected = t.rejects(request, /stop/);
    await letLoopTurn();
    controller.abort(new Error('stop'));
    await rejected;
    await seen.aborted;
    await t.rejects(transport.request({ method: 'GET', url: '/empty', signal }), /stop/);
    await close();
  });

  tap.test(`${name}: an abort ends a body, and so does a broken writer`, async (t) => {
    const seen = origin();
    const { transport, close } = await make(seen.handler);
    const controller = new AbortController();
    const { signal } = controller;
    const response = await transport.request({ method: 'GET', url: '/endless', signal });
    const reading = t.rejects(textOf(response));
    controller.abort(new Error('stop'));
    await reading;
    await seen.aborted;
    await t.rejects(transport.request({ method: 'GET', url: '/break' }).then(textOf));
    await close();
  });

  tap.test(`${name}: a closed transport rejects`, async (t) => {
    const { transport, close } = await make(origin().handler);
    await transport.close();
    await letLoopTurn();
    await t.rejects(transport.request({ method: 'GET', url: '/empty' }));
    await close();
  });
}
