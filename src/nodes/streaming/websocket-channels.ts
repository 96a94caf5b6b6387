// The channel.k8s.io framing over WebSocket: a channel number before each message's bytes.
import type { WebSocket } from 'ws';

/** Remote command protocols, and whether each frames in base64 text. */
export const channelProtocols: Readonly<Record<string, { base64: boolean; version: number }>> = {
  '': { base64: false, version: 1 },
  'channel.k8s.io': { base64: false, version: 1 },
  'base64.channel.k8s.io': { base64: true, version: 1 },
  'v4.channel.k8s.io': { base64: false, version: 4 },
  'v4.base64.channel.k8s.io': { base64: true, version: 4 },
  'v5.channel.k8s.io': { base64: false, version: 5 },
};

/** v5: a message on this channel names one that the client will write no more. */
const closeChannel = 255;

export interface ChannelHandlers {
  /** Gives a promise to hold the client back until it resolves. */
  message(channel: number, data: Buffer): Promise<void> | undefined;
  /** The client writes no more on `channel` (v5 only). */
  end(channel: number): void;
  /** The client is gone. */
  close(): void;
}

export class WebSocketChannels {
  readonly #socket: WebSocket;
  readonly #protocol: { readonly base64: boolean; readonly version: number };

  constructor(socket: WebSocket, protocol: string, handlers: ChannelHandlers) {
    this.#socket = socket;
    this.#protocol = channelProtocols[protocol] ?? { base64: false, version: 4 };
    socket.on('error', () => socket.terminate());
    socket.once('close', () => handlers.close());
    socket.on('message', (message) => {
      const held = this.#receive(toBuffer(message), handlers);
      if (held === undefined) return;
      socket.pause();
      void held.then(() => socket.resume());
    });
  }

  /** Resolves when there is room for more. A client that is gone takes everything. */
  send(channel: number, data: Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      const framed = this.#protocol.base64
        ? `${channel}${Buffer.from(data).toString('base64')}`
        : Buffer.concat([Uint8Array.of(channel), data]);
      this.#socket.send(framed, () => resolve());
    });
  }

  close(): void {
    this.#socket.close(1000);
  }

  #receive(message: Buffer, handlers: ChannelHandlers): Promise<void> | undefined {
    const [first] = message;
    if (first === undefined) return undefined;
    if (this.#protocol.version >= 5 && first === closeChannel) {
      const channel = message[1];
      if (channel !== undefined) handlers.end(channel);
      return undefined;
    }
    if (!this.#protocol.base64) return handlers.message(first, message.subarray(1));
    const text = message.toString('latin1');
    return handlers.message(first - 0x30, Buffer.from(text.slice(1), 'base64'));
  }
}

function toBuffer(message: Buffer | ArrayBuffer | Buffer[]): Buffer {
  if (Array.isArray(message)) return Buffer.concat(message);
  return Buffer.isBuffer(message) ? message : Buffer.from(message);
}
