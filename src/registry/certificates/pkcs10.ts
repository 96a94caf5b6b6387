// Whether a PEM text is a certificate signing request, without loading an X.509 library.

/** Upstream's message when it is not; the signature itself is checked by whoever signs. */
export function validateRequestPem(pem: string): string | undefined {
  const match = /-----BEGIN ([A-Z0-9 ]+)-----([\s\S]*?)-----END \1-----/.exec(pem);
  if (match === null || match[1] !== 'CERTIFICATE REQUEST') {
    return 'PEM block type must be CERTIFICATE REQUEST';
  }
  const der = Buffer.from(match[2] ?? '', 'base64');
  return isSequenceOfThree(der) ? undefined : "asn1: structure error: tags don't match";
}

/** CertificationRequest ::= SEQUENCE { info SEQUENCE, algorithm SEQUENCE, signature BIT STRING } */
function isSequenceOfThree(der: Buffer): boolean {
  const outer = readTag(der, 0);
  if (outer?.tag !== 0x30 || outer.end !== der.length) return false;
  const tags = readElements(der, outer.start, outer.end)?.map(({ tag }) => tag) ?? [];
  return tags.length === 3 && tags[0] === 0x30 && tags[1] === 0x30 && tags[2] === 0x03;
}

/** An element of DER: `at` is where its tag stands, `start` to `end` what it holds. */
interface Element {
  readonly tag: number;
  readonly at: number;
  readonly start: number;
  readonly end: number;
}

/** The elements that stand one after the other in `der`; undefined where they do not fill it. */
export function readElements(
  der: Buffer,
  start: number,
  end: number,
): readonly Element[] | undefined {
  const elements: Element[] = [];
  for (let at = start; at < end; ) {
    const element = readTag(der, at);
    if (element === undefined || element.end > end) return undefined;
    elements.push(element);
    at = element.end;
  }
  return elements;
}

function readTag(der: Buffer, at: number): Element | undefined {
  const tag = der[at];
  const first = der[at + 1];
  if (tag === undefined || first === undefined) return undefined;
  if (first < 0x80) return { tag, at, start: at + 2, end: at + 2 + first };
  const count = first & 0x7f;
  if (count === 0 || count > 4 || at + 2 + count > der.length) return undefined;
  const length = der.readUIntBE(at + 2, count);
  const start = at + 2 + count;
  return { tag, at, start, end: start + length };
}
