// The import rule as a check, and file and function sizes as a report. Run by `npm run check`.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const source = join(root, 'src');

/** What each folder of src/ may import besides itself and the files that stand in src/ itself. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  api: ['registry', 'storage'],
  registry: ['storage'],
  storage: [],
  client: [],
  controllers: ['client'],
  scheduler: ['client'],
  nodes: ['client'],
  launcher: [],
  console: ['client'],
  cli: ['api', 'registry', 'storage', 'client', 'controllers', 'scheduler', 'nodes', 'launcher'],
};
/** Tests may stand a whole API server up, as any user of these folders would. */
const testsMayImport: readonly string[] = ['api', 'registry', 'storage', 'client', 'cli'];

const fileLinesMax = 500;
const functionLinesMax = 70;

interface Import {
  readonly specifier: string;
  readonly typeOnly: boolean;
}

function* sourceFiles(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* sourceFiles(path);
    else if (/\.tsx?$/.test(entry.name)) yield path;
  }
}

function importsOf(text: string): Import[] {
  const statics = [...text.matchAll(/^\s*(?:import|export)\s(type\s)?[^;'"]*?from\s+'([^']+)'/gm)];
  const dynamics = [...text.matchAll(/\bimport\(\s*'([^']+)'/g)];
  return [
    ...statics.map((match) => ({ specifier: match[2] ?? '', typeOnly: match[1] !== undefined })),
    ...dynamics.map((match) => ({ specifier: match[1] ?? '', typeOnly: false })),
  ];
}

/** The folder of src/ that `path` stands in; empty for files in src/ itself. */
function room(path: string): string {
  const parts = relative(source, path).split('/');
  return parts.length === 1 ? '' : (parts[0] ?? '');
}

function isTest(path: string): boolean {
  return /\.(test|contract|fixture)\.ts$/.test(path);
}

/** One line for each import that the rule forbids. */
function forbiddenImports(path: string, text: string): string[] {
  const from = room(path);
  const where = relative(root, path);
  const problems: string[] = [];
  for (const { specifier, typeOnly } of importsOf(text)) {
    if (specifier === '@kubernetes/client-node' && !typeOnly && !isTest(path)) {
      problems.push(`${where}: imports @kubernetes/client-node at run time`);
    }
    if (!specifier.startsWith('.')) continue;
    const to = room(join(dirname(path), specifier));
    if (to === from || to === '') continue;
    const allowed = [...(mayImport[from] ?? []), ...(isTest(path) ? testsMayImport : [])];
    if (!allowed.includes(to)) {
      problems.push(`${where}: ${from === '' ? 'src' : from} may not import ${to} (${specifier})`);
    }
  }
  return problems;
}

/** Top-level functions and methods with more lines than fit on a screen, by brace counting. */
function longFunctions(text: string): { name: string; lines: number }[] {
  const lines = text.split('\n');
  const found: { name: string; lines: number }[] = [];
  const start =
    /^(\s*)(?:export\s+)?(?:async\s+)?(?:function\*?\s+(\w+)|(?:static\s+)?(?:async\s+)?(#?\w+)\([^;]*\{$)/;
  lines.forEach((line, index) => {
    const match = start.exec(line);
    if (match === null || /^\s*(if|for|while|switch|catch)\b/.test(line)) return;
    const indent = match[1] ?? '';
    const end = lines.findIndex((other, at) => at > index && other.startsWith(`${indent}}`));
    const length = end - index + 1;
    if (length > functionLinesMax) found.push({ name: match[2] ?? match[3] ?? '?', lines: length });
  });
  return found;
}

const problems: string[] = [];
const report: string[] = [];
for (const path of sourceFiles(source)) {
  const text = readFileSync(path, 'utf8');
  problems.push(...forbiddenImports(path, text));
  const where = relative(root, path);
  const lines = text.split('\n').length - 1;
  if (lines > fileLinesMax) problems.push(`${where}: ${lines} lines; split it`);
  if (!text.startsWith('// ') && !isTest(path)) {
    problems.push(`${where}: its first line does not say what it is responsible for`);
  }
  for (const each of longFunctions(text))
    report.push(`${where}: ${each.name} has ${each.lines} lines`);
}
for (const line of report) process.stdout.write(`  long: ${line}\n`);
for (const line of problems) process.stdout.write(`  ${line}\n`);
process.exitCode = problems.length === 0 ? 0 : 1;
