// Joins a client's upgraded connection and one to a node: our request head, then bytes both ways.
import type { Duplex } from 'node:stream';
import type { ApiRequest } from '../request.ts';

/** What authenticates the client to us is not passed on; nodes trust our own certificate. */
const droppedHeaders: ReadonlySet<string> = new Set([
  'authorization',
  'host',
  'content-length',
  'cookie',
]);
const bearerProtocol = 'base64url.bearer.authorization.k8s.io.';

/**
 * Sends the request head to the node and pipes from then on; the node's own answer (101 or not)
 * reaches the client as it is.
 */
export function pipeUpgrade(
  request: ApiRequest,
  node: Duplex,
  target: { readonly url: string; readonly host: string },
): void {
  const { upgrade } = request;
  if (upgrade === undefined) throw new Error('cannot pipe: the request is no upgrade');
  const client = upgrade.socket;
  let head = `${request.method} ${target.url} HTTP/1.1\r\nHost: ${target.host}\r\n`;
  for (const [name, value] of Object.entries(request.headers)) {
    if (value === undefined || droppedHeaders.has(name) || name.startsWith('impersonate-'))
      continue;
    head += `${name}: ${name === 'sec-websocket-protocol' ? withoutBearer(value) : value}\r\n`;
  }
  node.write(`${head}\r\n`);
  if (upgrade.head.length > 0) node.write(upgrade.head);
  const end = () => {
    client.destroy();
    node.destroy();
  };
  // One side's clean end is passed on by pipe; an error or a full close ends both.
  client.once('error', end);
  node.once('error', end);
  client.once('close', end);
  node.once('close', () => client.end());
  client.pipe(node);
  node.pipe(client);
}

function withoutBearer(protocols: string): string {
  return protocols
    .split(',')
    .map((each) => each.trim())
    .filter((each) => !each.startsWith(bearerProtocol))
    .join(', ');
}
