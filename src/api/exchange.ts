// What the parts of the API know of one request while it is being answered.
import type { User } from '../registry/resource.ts';
import type { ProtobufCodec } from '../registry/schema/protobuf/codec.ts';
import type { ApiRequest } from './request.ts';
import type { RequestInfo } from './request-info.ts';

/** One request after authentication; `warnings` become `Warning: 299` headers. */
export interface Exchange {
  readonly request: ApiRequest;
  readonly info: RequestInfo;
  /** After impersonation. */
  readonly user: User;
  readonly warnings: string[];
  /** What protobuf answers are made with. */
  readonly protobuf: ProtobufCodec;
  /** Ends with the client, or with the time a request that is not long-running may take. */
  readonly signal: AbortSignal;
  /** A watch calls it when it has sent all it starts with: only then may it go on for free. */
  readonly started?: () => void;
  /** A watch calls it for each event, with its bytes. */
  readonly sent?: (bytes: number) => void;
}

/** Warnings above these are cut, as upstream does, so that headers stay small. */
export const warningsMax = { count: 100, bytes: 4096 } as const;

export function addWarning(exchange: Exchange, message: string): void {
  if (message === '' || exchange.warnings.includes(message)) return;
  if (exchange.warnings.length >= warningsMax.count) return;
  exchange.warnings.push(message);
}

/** RFC 7234 warning headers with agent `-`, as upstream writes them. */
export function warningHeaders(warnings: readonly string[]): readonly string[] {
  const headers: string[] = [];
  let bytes = 0;
  for (const text of warnings) {
    const clean = text.replace(/[\p{Cc}]/gu, ' ').replace(/["\\]/g, (char) => `\\${char}`);
    const header = `299 - "${Buffer.from(clean).toString('latin1')}"`;
    bytes += header.length;
    if (bytes > warningsMax.bytes) break;
    headers.push(header);
  }
  return headers;
}
