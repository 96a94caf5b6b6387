// Where the entry of a thread or process stands, in a clone and in dist/.
import { existsSync } from 'node:fs';

/** Beside this source, or beside the built bundle. */
export function programUrl(name: string): URL {
  const source = new URL(`./${name}.ts`, import.meta.url);
  return existsSync(source) ? source : new URL(`./${name}.js`, import.meta.url);
}
