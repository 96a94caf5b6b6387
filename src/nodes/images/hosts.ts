// Tells containerd to ask the agent's mirror first, whatever registry an image names.
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Writes `<directory>/_default/hosts.toml`; containerd reads it at each pull. What the mirror
 * lacks (404) or cannot give goes to the image's own registry.
 *
 * @param directory containerd's `config_path`
 * @param mirror the mirror's address, `http://127.0.0.1:PORT`
 */
export async function writeRegistryHosts(directory: string, mirror: string): Promise<void> {
  const folder = join(directory, '_default');
  const path = join(folder, 'hosts.toml');
  const text = `[host."${mirror}"]\n  capabilities = ["pull", "resolve"]\n`;
  if ((await readFile(path, 'utf8').catch(() => '')) === text) return;
  await mkdir(folder, { recursive: true });
  // A pull in this very moment must not read half a file.
  await writeFile(`${path}.new`, text);
  await rename(`${path}.new`, path);
}
