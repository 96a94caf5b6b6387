// The words of Go's own parsers (base64, time, JSON syntax) for a text that they refuse.
import { NumberLiteral } from './json.ts';

/** Go's name of a JSON value's type, as its decoder's errors have it. */
export function jsonType(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'boolean') return 'bool';
  return typeof value === 'bigint' || value instanceof NumberLiteral ? 'number' : typeof value;
}

/** What upstream's scheme says of a kind that it does not know. */
export function noKindRegistered(kind: string, apiVersion: string): string {
  return (
    `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)} ` +
    'in scheme "pkg/api/legacyscheme/scheme.go:30"'
  );
}

/** encoding/base64: the first byte that cannot be there. */
export function base64Error(text: string): string {
  return `illegal base64 data at input byte ${base64ErrorAt(text)}`;
}

function base64ErrorAt(text: string): number {
  let inQuantum = 0;
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at] ?? '';
    if (char === '\r' || char === '\n') continue;
    if (char === '=') {
      if (inQuantum < 2) return at;
      if (inQuantum === 3) return at + 1;
      let next = at + 1;
      while (/[\r\n]/.test(text[next] ?? '')) next += 1;
      if (next >= text.length) return text.length;
      return text[next] === '=' ? next + 1 : next;
    }
    if (!/[A-Za-z0-9+/]/.test(char)) return at;
    inQuantum = (inQuantum + 1) % 4;
  }
  return text.length - inQuantum;
}

const layouts = {
  time: '2006-01-02T15:04:05Z07:00',
  microTime: '2006-01-02T15:04:05.000000Z07:00',
} as const;

/** The parts of a layout in the order in which Go's time package takes them. */
const layoutParts: readonly (readonly [string, RegExp])[] = [
  ['2006', /^\d{4}/],
  ['-', /^-/],
  ['01', /^\d\d/],
  ['-', /^-/],
  ['02', /^\d\d/],
  ['T', /^T/],
  ['15', /^\d\d/],
  [':', /^:/],
  ['04', /^\d\d/],
  [':', /^:/],
  ['05', /^\d\d/],
];

/** time.Parse and time.ParseDuration: what of which text could not be read as what. */
export function timeError(kind: 'time' | 'microTime' | 'duration', text: string): string {
  const quoted = JSON.stringify(text);
  if (kind === 'duration') return `time: invalid duration ${quoted}`;
  const parsing = `parsing time ${quoted}`;
  const failed = (rest: string, part: string): string =>
    `${parsing} as "${layouts[kind]}": cannot parse ${JSON.stringify(rest)} as "${part}"`;
  let rest = text;
  for (const [part, pattern] of layoutParts) {
    const match = pattern.exec(rest);
    if (match === null) return failed(rest, part);
    const value = Number(match[0]);
    if (part === '01' && (value < 1 || value > 12)) return `${parsing}: month out of range`;
    if (part === '15' && value > 23) return `${parsing}: hour out of range`;
    if (part === '04' && value > 59) return `${parsing}: minute out of range`;
    if (part === '05' && value > 59) return `${parsing}: second out of range`;
    rest = rest.slice(match[0].length);
  }
  if (kind === 'microTime') {
    const fraction = /^[.,]\d{6}(?!\d)/.exec(rest);
    if (fraction === null) return failed(rest, '.000000');
    rest = rest.slice(7);
  } else rest = rest.replace(/^[.,]\d+/, '');
  const zone = /^(?:Z|[+-]\d\d:\d\d)/.exec(rest);
  if (zone === null) return failed(rest, 'Z07:00');
  const extra = rest.slice(zone[0].length);
  if (extra !== '') return `${parsing}: extra text: ${JSON.stringify(extra)}`;
  return `${parsing}: day out of range`;
}

/** A character as Go's syntax errors quote it. */
function quoteChar(char: string): string {
  if (char === "'") return "'\\''";
  if (char === '"') return "'\"'";
  const json = JSON.stringify(char).slice(1, -1);
  const hex = /^\\u00(..)$/.exec(json)?.[1];
  return `'${hex === undefined ? json : `\\x${hex}`}'`;
}

const endOfInput = 'unexpected end of JSON input';

/** Scans as encoding/json does, until the first character that cannot be there. */
class SyntaxScan {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  run(): string | undefined {
    try {
      this.#value();
      this.#space();
      if (this.#at < this.#text.length) this.#fail('after top-level value');
    } catch (error) {
      if (error instanceof SyntaxError) return error.message;
      throw error;
    }
    return undefined;
  }

  #fail(context: string): never {
    // By code point, so that a character outside the basic plane is shown whole.
    const code = this.#text.codePointAt(this.#at);
    if (code === undefined) throw new SyntaxError(endOfInput);
    throw new SyntaxError(`invalid character ${quoteChar(String.fromCodePoint(code))} ${context}`);
  }

  #space(): void {
    while (/[ \t\r\n]/.test(this.#text[this.#at] ?? '')) this.#at += 1;
  }

  #take(pattern: RegExp, context: string): void {
    if (!pattern.test(this.#text[this.#at] ?? '')) this.#fail(context);
    this.#at += 1;
  }

  /** Containers are a stack of closing brackets: nesting cannot overflow the call stack. */
  #value(): void {
    const closers: string[] = [];
    do {
      this.#space();
      const char = this.#text[this.#at] ?? '';
      if (char === '{' || char === '[') {
        this.#at += 1;
        closers.push(char === '{' ? '}' : ']');
        this.#space();
        if (this.#text[this.#at] !== closers.at(-1)) {
          if (char === '{') this.#key('looking for beginning of object key string');
          continue;
        }
      } else this.#scalar(char);
      this.#after(closers);
    } while (closers.length > 0);
  }

  /** After a value: closes what ends here and stands before the next value, if any. */
  #after(closers: string[]): void {
    for (;;) {
      const closer = closers.at(-1);
      if (closer === undefined) return;
      this.#space();
      const char = this.#text[this.#at];
      if (char === closer) {
        this.#at += 1;
        closers.pop();
        continue;
      }
      if (char !== ',') {
        this.#fail(closer === '}' ? 'after object key:value pair' : 'after array element');
      }
      this.#at += 1;
      this.#space();
      if (closer === '}') this.#key('looking for beginning of object key string');
      return;
    }
  }

  #key(context: string): void {
    if (this.#text[this.#at] !== '"') this.#fail(context);
    this.#string();
    this.#space();
    this.#take(/:/, 'after object key');
  }

  #scalar(char: string): void {
    if (char === '"') this.#string();
    else if (/[-\d]/.test(char)) this.#number();
    else if (char === 't') this.#word('true');
    else if (char === 'f') this.#word('false');
    else if (char === 'n') this.#word('null');
    else this.#fail('looking for beginning of value');
  }

  #word(word: string): void {
    for (const [index, char] of [...word].entries()) {
      if (this.#text[this.#at] !== char) {
        this.#fail(`in literal ${word} (expecting ${quoteChar(word[index] ?? '')})`);
      }
      this.#at += 1;
    }
  }

  #string(): void {
    this.#at += 1;
    for (;;) {
      const char = this.#text[this.#at] ?? '';
      if (char === '"') break;
      if (char === '' || char < ' ') this.#fail('in string literal');
      this.#at += 1;
      if (char !== '\\') continue;
      const escaped = this.#text[this.#at] ?? '';
      this.#take(/[bfnrt\\/"u]/, 'in string escape code');
      if (escaped !== 'u') continue;
      for (let digit = 0; digit < 4; digit += 1) {
        this.#take(/[\da-fA-F]/, 'in \\u hexadecimal character escape');
      }
    }
    this.#at += 1;
  }

  #digits(): void {
    while (/\d/.test(this.#text[this.#at] ?? '')) this.#at += 1;
  }

  #number(): void {
    if (this.#text[this.#at] === '-') this.#at += 1;
    const zero = this.#text[this.#at] === '0';
    this.#take(/\d/, 'in numeric literal');
    if (!zero) this.#digits();
    if (this.#text[this.#at] === '.') {
      this.#at += 1;
      this.#take(/\d/, 'after decimal point in numeric literal');
      this.#digits();
    }
    if (/[eE]/.test(this.#text[this.#at] ?? '')) {
      this.#at += 1;
      if (/[-+]/.test(this.#text[this.#at] ?? '')) this.#at += 1;
      this.#take(/\d/, 'in exponent of numeric literal');
      this.#digits();
    }
  }
}

/** What Go's encoding/json says about a text that is not JSON. */
export function jsonSyntaxError(text: string): string {
  return new SyntaxScan(text).run() ?? 'invalid JSON';
}
