// Reads and writes the line format in which types are kept, in facts/types.txt and generated/.

/** One field as its line says it; `type` is still text (`[]./Container`, `map<string,quantity>`). */
export interface FieldFacts {
  readonly name: string;
  readonly proto: number;
  /** p pointer, e omitempty, z omitzero, i inlined, r required. */
  readonly flags: string;
  readonly type: string;
  /** `ref`, `list`, `keys`, `patch`, `merge`, `map`, `wrapped`, `empty`. */
  readonly options: Readonly<Record<string, string>>;
}

export interface TypeFacts {
  /** Without `io.k8s.`. */
  readonly name: string;
  /** `gvk`, `map`, `unions`. */
  readonly options: Readonly<Record<string, string>>;
  readonly fields: readonly FieldFacts[];
}

const metaPackage = 'apimachinery.pkg.apis.meta.v1.';

function parseOptions(words: readonly string[]): Record<string, string> {
  const options: Record<string, string> = {};
  for (const word of words) {
    const equals = word.indexOf('=');
    options[word.slice(0, equals)] = word.slice(equals + 1);
  }
  return options;
}

function writeOptions(options: Readonly<Record<string, string>>): string {
  return Object.entries(options)
    .map(([key, value]) => ` ${key}=${value}`)
    .join('');
}

/** Splits a facts text into one block per type, keyed by name, without parsing the blocks. */
export function splitTypes(text: string): Map<string, string> {
  const blocks = new Map<string, string>();
  let start = /^[^#\s]/m.exec(text)?.index ?? text.length;
  while (start < text.length) {
    let end = text.indexOf('\n', start);
    while (text.charCodeAt(end + 1) === 32) end = text.indexOf('\n', end + 1);
    const block = text.slice(start, end);
    blocks.set(block.slice(0, block.search(/[ \n]|$/)), block);
    start = end + 1;
  }
  return blocks;
}

/** Parses one block: a type line, then its fields' lines. */
export function parseType(block: string): TypeFacts {
  const [head = '', ...lines] = block.split('\n');
  const [name = '', ...options] = head.split(' ');
  const fields = lines.map((line): FieldFacts => {
    const [field = '', proto = '', flags = '', type = '', ...rest] = line.slice(1).split(' ');
    return { name: field, proto: Number(proto), flags, type, options: parseOptions(rest) };
  });
  return { name, options: parseOptions(options), fields };
}

/** The inverse of `parseType`, with a line end. */
export function writeType(type: TypeFacts): string {
  const lines = type.fields.map(
    (field) =>
      ` ${field.name} ${field.proto} ${field.flags || '-'} ${field.type}` +
      `${writeOptions(field.options)}\n`,
  );
  return `${type.name}${writeOptions(type.options)}\n${lines.join('')}`;
}

/** The full name, less `io.k8s.`, that a reference in a type of `owner`'s package means. */
export function resolveReference(reference: string, owner: string): string {
  if (reference.startsWith('./')) {
    return owner.slice(0, owner.lastIndexOf('.') + 1) + reference.slice(2);
  }
  if (reference.startsWith('meta/')) return metaPackage + reference.slice(5);
  return reference;
}
