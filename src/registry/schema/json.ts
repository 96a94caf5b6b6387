// JSON that loses nothing: big integers survive, duplicate keys show, depth has a limit.

type Reviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown;

/** ECMAScript's "JSON.parse source text access", which the compiler's library does not know yet. */
const exactJson = JSON as unknown as {
  parse(text: string, reviver: Reviver): unknown;
  rawJSON(text: string): unknown;
};

/** How deeply a document may nest; upstream allows 10,000, which no object comes near. */
export const depthMax = 1000;

/**
 * A number whose literal is not the one that JavaScript would write and that is a whole number,
 * such as `1.0` or `1e3`: Go refuses those for its integers. So is one past the largest double.
 */
export class NumberLiteral {
  readonly source: string;
  readonly value: number;
  constructor(source: string, value: number) {
    this.source = source;
    this.value = value;
  }
  toJSON(): unknown {
    return exactJson.rawJSON(this.source);
  }
}

/** A parsed document and what a typed decoder must know of its text. */
export interface JsonDocument {
  readonly value: unknown;
  /** The JSON text; for YAML the JSON it stands for. */
  readonly text: string;
  /** How many object keys the text has: more than the value has means duplicates. */
  readonly keys: number;
}

interface TextFacts {
  readonly keys: number;
  readonly unusualNumbers: boolean;
  readonly depth: number;
}

/** The index of the quote that closes the string opened at `open`. */
export function closingQuote(text: string, open: number): number {
  let close = text.indexOf('"', open + 1);
  for (;;) {
    let backslashes = 0;
    while (text.charCodeAt(close - 1 - backslashes) === 92) backslashes += 1;
    if (backslashes % 2 === 0) return close;
    close = text.indexOf('"', close + 1);
  }
}

/** One pass over the characters outside strings of a valid JSON text. */
function scan(text: string): TextFacts {
  let keys = 0;
  let unusualNumbers = false;
  let depth = 0;
  let deepest = 0;
  let digits = 0;
  let at = 0;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code >= 48 && code <= 57) {
      digits += 1;
      if (digits > 15) unusualNumbers = true;
    } else {
      if (code === 34) at = closingQuote(text, at);
      else if (code === 58) keys += 1;
      else if (code === 123 || code === 91) {
        depth += 1;
        if (depth > deepest) deepest = depth;
      } else if (code === 125 || code === 93) depth -= 1;
      else if (code === 46 || (digits > 0 && (code === 101 || code === 69))) unusualNumbers = true;
      digits = 0;
    }
    at += 1;
  }
  return { keys, unusualNumbers, depth: deepest };
}

function exactNumber(value: number, source: string): unknown {
  if (/^-?\d+$/.test(source)) return Number.isSafeInteger(value) ? value : BigInt(source);
  const literal = Number.isInteger(value) || !Number.isFinite(value);
  return literal ? new NumberLiteral(source, value) : value;
}

const reviveExactly: Reviver = (_key, value, { source }) =>
  typeof value === 'number' ? exactNumber(value, source ?? String(value)) : value;

/** Parses JSON text for a typed decoder; numbers may be `bigint` or NumberLiteral. */
export function parseDocument(text: string): JsonDocument {
  const value: unknown = JSON.parse(text);
  const facts = scan(text);
  if (facts.depth > depthMax) throw new SyntaxError('exceeded max depth');
  return {
    value: facts.unusualNumbers ? exactJson.parse(text, reviveExactly) : value,
    text,
    keys: facts.keys,
  };
}

/** How many object keys a parsed value has, at all depths. */
export function countKeys(value: unknown): number {
  if (typeof value !== 'object' || value === null || value instanceof NumberLiteral) return 0;
  let count = 0;
  if (Array.isArray(value)) {
    for (const item of value) count += countKeys(item);
    return count;
  }
  const children: unknown[] = Object.values(value);
  count = children.length;
  for (const child of children) {
    if (typeof child === 'object') count += countKeys(child);
  }
  return count;
}

function keepBigint(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? exactJson.rawJSON(value.toString()) : value;
}

/** `JSON.stringify` that also writes bigints, exactly. */
export function toJson(value: unknown, indent?: number): string {
  try {
    return JSON.stringify(value, undefined, indent);
  } catch (error) {
    // Only a bigint makes it throw: values come from JSON, so there are no cycles.
    if (error instanceof TypeError) return JSON.stringify(value, keepBigint, indent);
    throw error;
  }
}

const reviveIntegers: Reviver = (_key, value, { source = '' }) => {
  const unsafe = typeof value === 'number' && !Number.isSafeInteger(value);
  return unsafe && /^-?\d+$/.test(source) ? BigInt(source) : value;
};

/** `JSON.parse` that yields bigints for integers beyond 2^53; the usual text pays one search. */
export function fromJson(text: string): unknown {
  return /\d{16}/.test(text) ? exactJson.parse(text, reviveIntegers) : JSON.parse(text);
}
