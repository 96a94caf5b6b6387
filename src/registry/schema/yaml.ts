// Turns YAML into a JSON document as sigs.k8s.io/yaml does: YAML 1.1 scalars, string keys.
import type { ScalarTag, Tags } from 'yaml';
import type { JsonDocument } from './json.ts';
import { parseDocument, toJson } from './json.ts';

type CustomTag = Tags[number];

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

/** Go takes a float to have a digit: `.` and `-.` are texts. */
const floats = {
  plain: /^[-+]?(?:\.[0-9_]*[0-9][0-9_]*|[0-9][0-9_]*\.[0-9_]*)$/,
  EXP: /^[-+]?(?:\.[0-9]+|[0-9][0-9_]*(?:\.[0-9_]*)?)[eE][-+]?[0-9]+$/,
} as const;

/** A tag as Go reads it; none where Go has no such thing. */
function tagOfGo(tag: CustomTag): CustomTag[] {
  if (typeof tag === 'string') return [tag];
  const format = 'format' in tag ? tag.format : undefined;
  if (tag.tag.endsWith(':timestamp') || format === 'TIME') return [];
  if (!tag.tag.endsWith(':float') || tag.test?.test('.nan') === true) return [tag];
  return [{ ...(tag as ScalarTag), test: format === 'EXP' ? floats.EXP : floats.plain }];
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
    customTags: (tags) => tags.flatMap(tagOfGo),
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
