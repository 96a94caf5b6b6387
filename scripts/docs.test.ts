import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { exitCodes } from '../src/cli/exit-codes.ts';
import { pages } from './tables.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const decisions = readdirSync(join(root, 'docs/decisions')).map((name) => `docs/decisions/${name}`);
const written = ['README.md', 'CONTRIBUTING.md', 'docs/architecture.md', ...decisions];

t.test('pages that are written from the code are up to date', async (t) => {
  for (const [path, text] of await pages()) {
    t.ok(read(path) === text, `${path}: run node scripts/tables.ts`);
  }
});

t.test("README's table of exit statuses is the code's", (t) => {
  const [, table = ''] = read('README.md').split('| status | meaning |');
  const rows = [...table.matchAll(/^\| (\d+) \|/gm)].map((match) => Number(match[1]));
  t.strictSame(rows, Object.values(exitCodes));
  t.end();
});

t.test('README names every command', (t) => {
  const commands = read('src/cli/main.ts').matchAll(/(?:verb\(\w+, |\.command\()'([\w-]+)/g);
  const readme = read('README.md');
  for (const [, command = ''] of commands) t.match(readme, `${command}`, command);
  t.end();
});

t.test('files and pages that are named exist', (t) => {
  for (const page of written) {
    const text = read(page);
    for (const [, path = ''] of text.matchAll(/`((?:src|scripts|bench|conformance)\/[\w./-]+)`/g)) {
      t.ok(existsSync(join(root, path)), `${page}: ${path}`);
    }
    for (const [, link = ''] of text.matchAll(/\]\(([^):#]+)\)/g)) {
      t.ok(existsSync(join(root, dirname(page), link)), `${page}: ${link}`);
    }
  }
  t.end();
});

t.test('every dependency has its decision', (t) => {
  const { dependencies, devDependencies } = JSON.parse(read('package.json')) as Record<
    'dependencies' | 'devDependencies',
    Record<string, string>
  >;
  // What the project was begun with needs no record.
  const given = [
    '@fastify/websocket',
    '@kubernetes/client-node',
    'fastify',
    'level',
    'openapi-types',
    'tap',
  ];
  const text = decisions.map(read).join('\n');
  const named = (name: string) => text.includes(`\`${name}\``);
  const all = Object.keys({ ...dependencies, ...devDependencies });
  for (const name of all.filter((each) => !each.startsWith('@types/'))) {
    t.ok(given.includes(name) || named(name), name);
  }
  t.end();
});
