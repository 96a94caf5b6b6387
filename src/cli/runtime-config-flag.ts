// `--runtime-config` as `server` and `up` take it: checked before anything is started.
import { builtinResources } from '../registry/builtin.ts';
import {
  parseRuntimeConfig,
  type RuntimeConfig,
  servedSwitch,
} from '../registry/runtime-config.ts';
import { CliError } from './exit-codes.ts';

/** @throws CliError when a key or value means nothing */
export function readRuntimeConfig(text: string): RuntimeConfig {
  const config = parseRuntimeConfig(text);
  try {
    servedSwitch(builtinResources, config);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CliError('usage', `--runtime-config: ${why}`);
  }
  return config;
}
