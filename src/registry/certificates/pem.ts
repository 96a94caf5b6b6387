// Takes PEM text apart; what stands between the blocks is skipped, as Go does.

export interface PemBlock {
  readonly type: string;
  readonly hasHeaders: boolean;
  readonly bytes: Buffer;
}

/** The blocks of `text` in their order. */
export function pemBlocks(text: string): readonly PemBlock[] {
  const blocks: PemBlock[] = [];
  const pattern = /-----BEGIN ([^\n-]+)-----\s*\n([\s\S]*?)-----END \1-----/g;
  for (const [, type = '', body = ''] of text.matchAll(pattern)) {
    const hasHeaders = body.includes(':');
    const base64 = hasHeaders ? body.slice(body.indexOf('\n\n') + 2) : body;
    blocks.push({ type, hasHeaders, bytes: Buffer.from(base64, 'base64') });
  }
  return blocks;
}
