import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { readTar } from './tar-reader.ts';
import { tarOf } from './tar-writer.ts';

async function* pieces(bytes: Uint8Array, length: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

async function readAll(bytes: Uint8Array, length: number): Promise<string[]> {
  const found: string[] = [];
  for await (const { path, type, linkTarget, body, sizeBytes } of readTar(pieces(bytes, length))) {
    const chunks: Uint8Array[] = [];
    // Files with `skipped` in their names are left unread, in part or whole.
    for await (const chunk of body) {
      chunks.push(chunk);
      if (path.includes('skipped')) break;
    }
    const content = path.includes('skipped') ? sizeBytes : Buffer.concat(chunks).toString();
    found.push(`${type} ${path.length > 100 ? path.length : path} ${linkTarget.length} ${content}`);
  }
  return found.sort();
}

t.test("GNU tar's formats are read, and ours by GNU tar", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'coracle-tar-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const long = `d/${'n'.repeat(180)}`;
  const tree = join(directory, 'tree');
  mkdirSync(join(tree, 'd'), { recursive: true });
  writeFileSync(join(tree, 'a'), 'content of a');
  writeFileSync(join(tree, 'skipped'), 'x'.repeat(2000));
  writeFileSync(join(tree, long), 'long');
  symlinkSync('y'.repeat(150), join(tree, 'soft'));
  linkSync(join(tree, 'a'), join(tree, 'z-hard'));
  const expected = [
    'directory  0 ',
    'directory d 0 ',
    'file 182 0 long',
    'file a 0 content of a',
    'file skipped 0 2000',
    'link z-hard 3 ',
    'symlink soft 150 ',
  ];
  for (const format of ['gnu', 'pax', 'ustar']) {
    const paths = format === 'ustar' ? ['./a', './skipped'] : ['--sort=name', '.'];
    const args = ['-C', tree, '-c', `--format=${format}`, ...paths];
    const bytes = execFileSync('tar', args);
    const wanted = format === 'ustar' ? [expected[3], expected[4]] : expected;
    for (const length of [1, 512, 65536]) t.same(await readAll(bytes, length), wanted, format);
  }
  const ours = tarOf([
    { path: 'd/', type: 'directory', mode: 0o755 },
    { path: long, type: 'file', mode: 0o644, content: Buffer.from('long') },
    { path: 'soft', type: 'symlink', mode: 0o777, linkTarget: 'y'.repeat(150) },
  ]);
  t.same(await readAll(ours, 100), ['directory d 0 ', 'file 182 0 long', 'symlink soft 150 ']);
  const listed = execFileSync('tar', ['-tv'], { input: ours }).toString();
  t.match(listed, /1970-01-01/);
  t.ok(listed.includes(long) && listed.includes('y'.repeat(150)));
});

t.test('broken archives are told', async (t) => {
  const good = tarOf([
    { path: 'a', type: 'file', mode: 0o644, content: Buffer.from('x'.repeat(600)) },
  ]);
  await t.rejects(readAll(good.subarray(0, 700), 64), /in the middle of an entry/);
  await t.rejects(readAll(Buffer.alloc(512, 1), 64), /not a tar archive/);
  const header = Buffer.from(good);
  header.write('zz', 124);
  await t.rejects(readAll(header, 64), /not a tar archive/);
  t.same(await readAll(new Uint8Array(0), 64), []);
});
