// The client's side of an HTTP upgrade to SPDY/3.1, as the runtime's streaming server wants it.
import { request } from 'node:http';
import type { Duplex, Readable } from 'node:stream';

/** Wall time until the server must have answered. */
const upgradeTimeoutMs = 30_000;
const refusalBytesMax = 64 * 1024;

/** The server answered, but with something other than 101. */
export class UpgradeRefusedError extends Error {
  readonly code = 'ERR_UPGRADE_REFUSED';
  readonly status: number;
  readonly body: string;
  constructor(status: number, body: string) {
    super(`cannot upgrade to SPDY: ${status} ${body.trim()}`);
    this.status = status;
    this.body = body;
  }
}

/** An upgraded connection; `head` is what already came after the answer. */
export interface Upgraded {
  readonly socket: Duplex;
  readonly head: Uint8Array;
  /** The stream protocol that the server chose. */
  readonly protocol: string;
}

/**
 * Upgrades a new connection to `url`.
 *
 * @param protocols what X-Stream-Protocol-Version offers, the dearest first
 * @throws UpgradeRefusedError, or the socket's own error
 */
export function upgradeToSpdy(url: string, protocols: readonly string[]): Promise<Upgraded> {
  return new Promise((resolve, reject) => {
    const upgrade = request(url, {
      method: 'POST',
      agent: false,
      headers: {
        Connection: 'Upgrade',
        Upgrade: 'SPDY/3.1',
        'X-Stream-Protocol-Version': [...protocols],
      },
    });
    upgrade.setTimeout(upgradeTimeoutMs, () => {
      upgrade.destroy(new Error(`cannot upgrade ${url}: no answer in ${upgradeTimeoutMs} ms`));
    });
    upgrade.once('error', reject);
    upgrade.once('upgrade', (response, socket, head) => {
      socket.setTimeout(0);
      // Whoever takes it sees the close; an error before that must not go unheard.
      socket.on('error', () => socket.destroy());
      const chosen = response.headers['x-stream-protocol-version'] ?? '';
      resolve({ socket, head, protocol: String(chosen) });
    });
    upgrade.once('response', (response) => {
      void readText(response, refusalBytesMax).then((body) => {
        reject(new UpgradeRefusedError(response.statusCode ?? 500, body));
      });
    });
    upgrade.end();
  });
}

/** All of a short stream; what is beyond `bytesMax` is dropped. Never rejects. */
export async function readText(stream: Readable, bytesMax: number): Promise<string> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of stream) {
      const piece = Buffer.from(chunk as Uint8Array);
      const room = bytesMax - bytes;
      if (room > 0) pieces.push(piece.subarray(0, room));
      bytes += piece.length;
    }
  } catch {
    // A stream that breaks has said what it had to say.
  }
  return Buffer.concat(pieces).toString('utf8');
}
