// `node scripts/images/build.ts [NAME...] [--out DIR]`: OCI archives of images from Debian packages.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { mediaTypes } from '../../src/api/images/manifest.ts';
import { definitions, type ImageDefinition } from './definitions.ts';
import { architecture, hasLists, type Package, resolve, unpack, updateLists } from './packages.ts';
import { addFiles, linkApplets, stripFiles, writeArchive, writeLayer } from './tree.ts';

const execute = promisify(execFile);
const epoch = '1970-01-01T00:00:00Z';

/** `$CORACLE_CACHE`, else `~/.cache/coracle`, and `images` below it. */
export function imageCache(environment: NodeJS.ProcessEnv): string {
  return join(environment.CORACLE_CACHE ?? join(homedir(), '.cache', 'coracle'), 'images');
}

/**
 * Builds the image `name` unless the cache has it from the same definition and packages.
 *
 * @returns the path of its archive, which `coracle load image` takes
 */
export async function buildImage(name: string, cache: string): Promise<string> {
  const definition = definitions()[name];
  if (definition === undefined) {
    const known = Object.keys(definitions()).join(', ');
    throw new Error(`there is no image "${name}"; there are ${known}`);
  }
  if (!hasLists()) await updateLists();
  const { packages: names, without = [] } = definition;
  const packages = await resolve(names, without);
  const file = join(cache, `${name}-${await keyOf(definition, packages)}.tar`);
  if (existsSync(file)) return file;
  mkdirSync(cache, { recursive: true });
  const work = mkdtempSync(join(tmpdir(), 'coracle-image-'));
  try {
    const tree = join(work, 'tree');
    // Lists that are too old name versions that the archive has no more.
    await unpack(packages, join(cache, 'debs'), tree).catch(async (error: unknown) => {
      await updateLists();
      const again = await resolve(names, without);
      if (JSON.stringify(again) === JSON.stringify(packages)) throw error;
      throw new Error('the packages have newer versions now; run this again', { cause: error });
    });
    await finishTree(tree, definition);
    await writeImage(tree, work, definition);
    renameAcross(join(work, 'image.tar'), file);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return file;
}

async function keyOf(definition: ImageDefinition, packages: readonly Package[]): Promise<string> {
  const hash = createHash('sha256');
  const { strip, ...rest } = definition;
  hash.update(JSON.stringify([rest, strip.source, packages, await architecture()]));
  // The builder itself is part of what an image is made of.
  const here = fileURLToPath(new URL('.', import.meta.url));
  for (const name of readdirSync(here)
    .filter((each) => /(?<!\.test)\.ts$/.test(each))
    .sort()) {
    hash.update(readFileSync(join(here, name)));
  }
  return hash.digest('hex').slice(0, 16);
}

async function finishTree(tree: string, definition: ImageDefinition): Promise<void> {
  stripFiles(tree, definition.strip);
  addFiles(tree, definition.files);
  const { stdout } = await execute(join(tree, 'bin/busybox'), ['--list']);
  linkApplets(tree, stdout.trim().split('\n').sort());
  if (definition.compilePython === true) await compilePython(tree);
}

/** With the image's own interpreter and libraries, so that no Python is needed here. */
async function compilePython(tree: string): Promise<void> {
  const library = join(tree, 'usr/lib/python3.11');
  const folders = ['lib', 'usr/lib'].flatMap((lib) =>
    existsSync(join(tree, lib))
      ? readdirSync(join(tree, lib))
          .filter((name) => name.endsWith('-linux-gnu'))
          .map((name) => join(tree, lib, name))
      : [],
  );
  const loader = folders
    .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
    .find((path) => /\/ld-linux-[\w-]+\.so\.\d$/.test(path));
  if (loader === undefined) throw new Error('the packages have no dynamic loader');
  await execute(
    loader,
    [
      ...['--library-path', folders.join(':'), join(tree, 'usr/bin/python3.11')],
      // Without site packages; files are not compared with their sources at run time.
      ...['-S', '-m', 'compileall', '-q', '-s', tree, '-p', '/'],
      ...['--invalidation-mode', 'unchecked-hash', library],
    ],
    { env: { PYTHONHOME: join(tree, 'usr'), PYTHONHASHSEED: '0', PYTHONDONTWRITEBYTECODE: '1' } },
  );
}

/** The tree as one layer, with config, manifest and index, as `work`/image.tar. */
async function writeImage(tree: string, work: string, definition: ImageDefinition): Promise<void> {
  const layerFile = join(work, 'layer.tar');
  const layer = writeLayer(tree, layerFile);
  const config = JSON.stringify({
    created: epoch,
    architecture: await architecture(),
    os: 'linux',
    config: definition.config,
    rootfs: { type: 'layers', diff_ids: [layer.digest] },
    history: [{ created: epoch, created_by: 'coracle scripts/images' }],
  });
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: descriptor(mediaTypes.config, config),
    layers: [{ mediaType: mediaTypes.layer, digest: layer.digest, size: layer.sizeBytes }],
  });
  const index = JSON.stringify({
    schemaVersion: 2,
    mediaType: mediaTypes.index,
    manifests: definition.references.map((name) => ({
      ...descriptor(mediaTypes.manifest, manifest),
      annotations: {
        'io.containerd.image.name': name,
        'org.opencontainers.image.ref.name': name.slice(name.lastIndexOf(':') + 1),
      },
    })),
  });
  const blob = (digest: string) => `blobs/sha256/${digest.slice('sha256:'.length)}`;
  writeArchive(join(work, 'image.tar'), [
    { path: 'oci-layout', content: '{"imageLayoutVersion":"1.0.0"}' },
    { path: 'index.json', content: index },
    { path: blob(descriptor('', manifest).digest), content: manifest },
    { path: blob(descriptor('', config).digest), content: config },
    { path: blob(layer.digest), from: layerFile },
  ]);
}

function descriptor(mediaType: string, content: string) {
  const digest = `sha256:${createHash('sha256').update(content).digest('hex')}`;
  return { mediaType, digest, size: Buffer.byteLength(content) };
}

/** The cache may be another file system; a file appears in it whole or not at all. */
function renameAcross(from: string, to: string): void {
  const draft = `${to}.${process.pid}.new`;
  copyFileSync(from, draft);
  renameSync(draft, to);
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: { out: { type: 'string' } },
    allowPositionals: true,
  });
  const names = positionals.length > 0 ? positionals : Object.keys(definitions());
  for (const name of names) {
    const file = await buildImage(name, imageCache(process.env));
    let result = file;
    if (values.out !== undefined) {
      mkdirSync(values.out, { recursive: true });
      result = join(values.out, `${name}.tar`);
      copyFileSync(file, result);
    }
    process.stdout.write(`${result}\n`);
  }
}

if (import.meta.main) await main();
