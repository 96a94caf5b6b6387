// Joins two upgraded connections byte for byte, each direction ending by itself.
import type { Duplex } from 'node:stream';

/** Resolves when both are closed; an error on one side ends the other after what it had. */
export async function join(a: Duplex, b: Duplex): Promise<void> {
  const done = Promise.all([closed(a), closed(b)]);
  follow(a, b);
  follow(b, a);
  a.pipe(b);
  b.pipe(a);
  await done;
}

function follow(from: Duplex, to: Duplex): void {
  from.on('error', () => from.destroy());
  const end = () => {
    if (to.writableFinished || to.destroyed) {
      to.destroy();
      return;
    }
    // What was read before is still on its way out.
    to.once('finish', () => to.destroy());
    to.end();
  };
  if (from.closed) end();
  else from.once('close', end);
}

function closed(stream: Duplex): Promise<void> {
  if (stream.closed) return Promise.resolve();
  return new Promise((resolve) => stream.once('close', () => resolve()));
}
