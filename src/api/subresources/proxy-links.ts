// Makes links of proxied answers lead back through the proxy: redirects, and attributes of HTML.
import type { NodeAddress, NodeResponse } from '../dialer.ts';
import type { Exchange } from '../exchange.ts';
import type { ApiResponse } from '../request.ts';

/** Pages beyond this are passed on as they are. */
const htmlBytesMax = 4 * 1024 * 1024;

const linkAttributes =
  /(<(?:a|area|audio|base|blockquote|body|button|command|del|embed|form|frame|head|html|iframe|img|input|ins|link|object|q|script|source|track|video)\b[^>]*?\s(?:href|src|action|cite|background|formaction|icon|longdesc|data|codebase|usemap|classid|poster|profile|manifest)\s*=\s*)("[^"]*"|'[^']*')/gi;

/** What upstream's proxy transport does, so that a page works at its new place. */
export async function rewriteLinks(
  exchange: Exchange,
  to: NodeAddress,
  answer: NodeResponse,
): Promise<ApiResponse> {
  const { info, request } = exchange;
  const [path = ''] = request.url.split('?');
  const prefix = path.slice(0, path.length - info.rawTail.length);
  const ownHosts = new Set([`${to.address}:${to.port}`, to.address, request.headers.host ?? '']);
  const headers: Record<string, string | readonly string[]> = { ...answer.headers };
  if (typeof headers.location === 'string') {
    headers.location = behindPrefix(headers.location, prefix, ownHosts);
  }
  const isHtml = /^text\/html\b/i.test(String(headers['content-type'] ?? ''));
  const encoded = (headers['content-encoding'] ?? '') !== '';
  const length = Number(headers['content-length'] ?? 0);
  if (!isHtml || encoded || length > htmlBytesMax || request.method === 'HEAD') {
    return { status: answer.status, headers, body: streamed(answer) };
  }
  // The page's length is not known before it is rewritten.
  delete headers['content-length'];
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const rest = answer.body[Symbol.asyncIterator]();
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) {
    chunks.push(next.value);
    bytes += next.value.length;
    if (bytes > htmlBytesMax) break;
  }
  const start = Buffer.concat(chunks);
  if (bytes > htmlBytesMax) {
    const body: ApiResponse['body'] = async (writer) => {
      await writer.write(start);
      for (let next = await rest.next(); next.done !== true; next = await rest.next()) {
        await writer.write(next.value);
      }
    };
    return { status: answer.status, headers, body };
  }
  // Latin-1 keeps every byte; links are ASCII in any encoding that pages use.
  const page = start.toString('latin1').replace(linkAttributes, (_all, before, quoted) => {
    const quote = String(quoted)[0];
    return `${before}${quote}${behindPrefix(String(quoted).slice(1, -1), prefix, ownHosts)}${quote}`;
  });
  return { status: answer.status, headers, body: Buffer.from(page, 'latin1') };
}

function streamed(answer: NodeResponse): NonNullable<ApiResponse['body']> {
  return async (writer) => {
    for await (const chunk of answer.body) await writer.write(chunk);
  };
}

/** A link of the page's own host by absolute path goes behind the prefix; others stay. */
function behindPrefix(link: string, prefix: string, ownHosts: ReadonlySet<string>): string {
  const absolute = /^https?:\/\/([^/?#]*)(\/.*)?$/i.exec(link);
  if (absolute !== null && !ownHosts.has(absolute[1] ?? '')) return link;
  const path = absolute === null ? link : (absolute[2] ?? '/');
  if (!path.startsWith('/') || path.startsWith('//')) return link;
  return path.startsWith(`${prefix}/`) ? link : `${prefix}${path}`;
}
