// Turns YAML into a JSON document as sigs.k8s.io/yaml does: YAML 1.1 scalars, string keys.
import type { JsonDocument } from './json.ts';
import { parseDocument, toJson } from './json.ts';

/** More aliases than this in one document are refused: each can multiply its size. */
const aliasesMax = 100;

const keyText = /^(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([^\s:]+))/;

export interface YamlDocument extends JsonDocument {
  /** Duplicate keys in upstream's words; none when the list is empty. */
  readonly duplicates: readonly string[];
}

const unmarshalErrors = 'yaml: unmarshal errors:\n';

/** A problem as warnings show it: of YAML's only what it lists, one warning each. */
export function warningsOf(problem: string): readonly string[] {
  if (!problem.startsWith(unmarshalErrors)) return [problem];
  const lines = problem.slice(unmarshalErrors.length).split('\n');
  return [...new Set(lines.map((line) => line.trim()))];
}

/**
 * Parses the first document of a YAML text.
 *
 * @throws SyntaxError with a message such as `yaml: line 3: …`
 */
export async function parseYaml(text: string): Promise<YamlDocument> {
  const { LineCounter, parseDocument: parse } = await import('yaml');
  const lines = new LineCounter();
  const document = parse(text, {
    version: '1.1',
    intAsBigInt: true,
    lineCounter: lines,
    // Odd documents are the client's: they are no reason to write to our own standard error.
    logLevel: 'error',
    // Go keeps timestamps as they are written and knows no base-60 numbers.
    customTags: (tags) =>
      tags.filter(
        (tag) =>
          typeof tag === 'string' ||
          !(tag.tag.endsWith(':timestamp') || ('format' in tag && tag.format === 'TIME')),
      ),
  });
  const duplicates: string[] = [];
  for (const error of document.errors) {
    const { line } = lines.linePos(error.pos[0]);
    if (error.code !== 'DUPLICATE_KEY') {
      const [what = ''] = error.message.split(/ at line \d+|\n/);
      throw new SyntaxError(`yaml: line ${line}: ${what}`);
    }
    const [, quoted, single, plain = ''] = keyText.exec(text.slice(error.pos[0])) ?? [];
    const key = quoted ?? single ?? plain;
    duplicates.push(`  line ${line}: key ${JSON.stringify(key)} already set in map`);
  }
  try {
    const json = toJson(document.toJS({ maxAliasCount: aliasesMax }));
    const problem = `${unmarshalErrors}${duplicates.join('\n')}`;
    return {
      ...parseDocument(json ?? 'null'),
      duplicates: duplicates.length === 0 ? [] : [problem],
    };
  } catch (error) {
    if (error instanceof Error) throw new SyntaxError(`yaml: ${error.message}`, { cause: error });
    throw error;
  }
}
