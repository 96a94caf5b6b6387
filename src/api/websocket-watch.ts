// A watch over a WebSocket: each event is one text frame, as browsers and some clients ask for.
import type { WebSocket } from 'ws';
import type { Format } from './negotiation.ts';
import type { ApiRequest, ApiResponse, BodyWriter } from './request.ts';
import { acceptWebSocket, bufferedBytesMax } from './websocket.ts';

/**
 * Takes the connection over and writes what `produce` gives until it ends or the client goes.
 *
 * @param produce writes JSON documents that each end with a newline, or protobuf messages that each
 *   begin with their length
 */
export async function watchOverWebSocket(
  request: ApiRequest,
  produce: (writer: BodyWriter) => Promise<void>,
  format: Format,
): Promise<ApiResponse> {
  const socket = await acceptWebSocket(request);
  const end = (code: number) => socket.close(code);
  const cut = format === 'protobuf' ? messageCutter() : lineCutter();
  produce(frameWriter(socket, cut)).then(
    () => end(1000),
    () => end(1011),
  );
  return { status: 101, headers: {}, upgraded: true };
}

/** Takes a chunk and gives the events that are whole by now, wherever the chunks end. */
type Cutter = (chunk: Uint8Array | string) => readonly (string | Uint8Array)[];

function lineCutter(): Cutter {
  let rest = '';
  const decoder = new TextDecoder();
  return (chunk) => {
    const text = typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true });
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    return lines.map((line) => `${line}\n`);
  };
}

/** The length before each message is left out: a WebSocket has frames of its own. */
function messageCutter(): Cutter {
  let rest = Buffer.alloc(0);
  return (chunk) => {
    rest = Buffer.concat([rest, Buffer.from(chunk)]);
    const messages: Uint8Array[] = [];
    while (rest.length >= 4 && rest.length >= 4 + rest.readUInt32BE(0)) {
      const end = 4 + rest.readUInt32BE(0);
      messages.push(rest.subarray(4, end));
      rest = rest.subarray(end);
    }
    return messages;
  };
}

function frameWriter(socket: WebSocket, cut: Cutter): BodyWriter {
  return {
    write(chunk) {
      if (socket.readyState !== socket.OPEN) return Promise.reject(new Error('the client is gone'));
      let sent: Promise<void> | undefined;
      for (const event of cut(chunk)) {
        sent = new Promise((resolve, reject) => {
          socket.send(event, (error) => (error == null ? resolve() : reject(error)));
        });
        sent.catch(() => undefined);
      }
      return socket.bufferedAmount > bufferedBytesMax ? sent : undefined;
    },
  };
}
