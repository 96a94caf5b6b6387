// A log over a WebSocket: `binary.k8s.io`, or its text in base64, as browsers ask for it.
import type { WebSocket } from 'ws';
import type { ApiRequest, ApiResponse } from '../request.ts';
import { acceptWebSocket, bufferedBytesMax } from '../websocket.ts';

const base64 = 'base64.binary.k8s.io';

/**
 * Takes the connection over and sends the chunks until they end or the client goes. The first
 * message is empty: by it clients know that the log is there.
 *
 * @see https://github.com/kubernetes/kubernetes/blob/v1.36.0/staging/src/k8s.io/streaming
 */
export async function logOverWebSocket(
  request: ApiRequest,
  chunks: AsyncIterable<Uint8Array>,
): Promise<ApiResponse> {
  const socket = await acceptWebSocket(request, ['binary.k8s.io', base64]).catch(
    async (error: unknown) => {
      await chunks[Symbol.asyncIterator]().return?.();
      throw error;
    },
  );
  void copy(chunks, socket);
  return { status: 101, headers: {}, upgraded: true };
}

async function copy(chunks: AsyncIterable<Uint8Array>, socket: WebSocket): Promise<void> {
  try {
    await send(socket, new Uint8Array());
    for await (const chunk of chunks) await send(socket, chunk);
    socket.close(1000);
  } catch {
    // The client has gone, or the node: nothing is left to tell.
    socket.terminate();
  }
}

/** Waits only when much is unsent. */
function send(socket: WebSocket, chunk: Uint8Array): Promise<void> | undefined {
  if (socket.readyState !== socket.OPEN) throw new Error('the client is gone');
  const message = socket.protocol === base64 ? Buffer.from(chunk).toString('base64') : chunk;
  const sent = new Promise<void>((resolve, reject) => {
    socket.send(message, (error) => (error == null ? resolve() : reject(error)));
  });
  sent.catch(() => undefined);
  return socket.bufferedAmount > bufferedBytesMax ? sent : undefined;
}
