// `npm run check`: types, lint and format, the import rule and the other habits, each as one step.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const bin = (name: string) =>
  fileURLToPath(new URL(`../node_modules/.bin/${name}`, import.meta.url));
const steps: readonly (readonly [string, string, readonly string[]])[] = [
  ['types', bin('tsc'), ['-p', '.']],
  ['lint and format', bin('biome'), ['check', '--error-on-warnings', '.']],
  ['import rule, file and function sizes', process.execPath, ['scripts/tidy.ts']],
];

let failures = 0;
for (const [title, program, args] of steps) {
  const { status } = spawnSync(program, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  process.stdout.write(`${status === 0 ? '✓' : '✗'} ${title}\n`);
  if (status !== 0) failures++;
}
process.exitCode = failures === 0 ? 0 : 1;
