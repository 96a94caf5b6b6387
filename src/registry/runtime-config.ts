// `--runtime-config`: which built-in group-versions and resources are turned on or off.
import type { ServedSwitch } from './engine/resource-registry.ts';
import type { Resource } from './resource.ts';

/** The setting as given: `api/beta` → `true`; an empty value means true. */
export type RuntimeConfig = ReadonlyMap<string, string>;

const stages: ReadonlyMap<string, RegExp> = new Map([
  ['api/ga', /^v\d+$/],
  ['api/beta', /^v\d+beta\d+$/],
  ['api/alpha', /^v\d+alpha\d+$/],
]);
const wide = new Set(['api/all', ...stages.keys()]);

/** Versions that upstream knows and no longer serves: naming them is no error and does nothing. */
const retired: ReadonlySet<string> = new Set([
  'apps/v1beta1',
  'apps/v1beta2',
  'authentication.k8s.io/v1alpha1',
  'authentication.k8s.io/v1beta1',
  'authorization.k8s.io/v1beta1',
  'batch/v1beta1',
  'discovery.k8s.io/v1beta1',
  'events.k8s.io/v1beta1',
  'extensions/v1beta1',
  'flowcontrol.apiserver.k8s.io/v1beta1',
  'flowcontrol.apiserver.k8s.io/v1beta2',
  'flowcontrol.apiserver.k8s.io/v1beta3',
  'node.k8s.io/v1alpha1',
  'node.k8s.io/v1beta1',
  'policy/v1beta1',
  'rbac.authorization.k8s.io/v1alpha1',
  'rbac.authorization.k8s.io/v1beta1',
  'scheduling.k8s.io/v1beta1',
  'storage.k8s.io/v1alpha1',
]);

/** What strconv.ParseBool takes. */
const booleans: ReadonlyMap<string, boolean> = new Map([
  ...['1', 't', 'T', 'true', 'TRUE', 'True'].map((text) => [text, true] as const),
  ...['0', 'f', 'F', 'false', 'FALSE', 'False'].map((text) => [text, false] as const),
]);

/** Reads `api/beta=true,apps/v1=false,…`; a later setting of the same key wins. */
export function parseRuntimeConfig(text: string): RuntimeConfig {
  const config = new Map<string, string>();
  for (const pair of text.split(',')) {
    const trimmed = pair.trim();
    if (trimmed === '') continue;
    const equals = trimmed.indexOf('=');
    if (equals < 0) config.set(trimmed, '');
    else config.set(trimmed.slice(0, equals).trim(), trimmed.slice(equals + 1).trim());
  }
  return config;
}

/**
 * What the live registry asks: a resource's own setting beats its version's, that its stage's, and
 * `api/all` comes last, as in upstream's resourceconfig package.
 *
 * @throws Error in upstream's words when a key or value means nothing
 */
export function servedSwitch(resources: readonly Resource[], config: RuntimeConfig): ServedSwitch {
  check(resources, config);
  const setting = (key: string): boolean | undefined => {
    const value = config.get(key);
    return value === undefined ? undefined : value === '' || booleans.get(value);
  };
  return (group, { version }, { plural }) => {
    const groupVersion = `${group}/${version}`;
    const named = setting(`${groupVersion}/${plural}`) ?? setting(groupVersion);
    if (named !== undefined) return named;
    for (const [key, pattern] of stages) {
      if (pattern.test(version) && config.has(key)) return config.get(key) === 'true';
    }
    return config.has('api/all') ? config.get('api/all') === 'true' : undefined;
  };
}

function check(resources: readonly Resource[], config: RuntimeConfig): void {
  if (config.size === 1 && config.get('api/all') === 'false') {
    throw new Error('invalid runtime-config with only api/all=false');
  }
  const known = new Set(retired);
  for (const { groups } of resources) {
    for (const { group, versions } of groups) {
      for (const { version } of versions) known.add(`${group}/${version}`);
    }
  }
  const knownGroups = new Set([...known].map(groupOf));
  const named = [...config.keys()].filter((key) => !wide.has(key));
  for (const key of named) {
    const parts = key.split('/').length;
    if (parts !== 2 && parts !== 3) throw new Error(`runtime-config invalid key ${key}`);
  }
  const strangers = named.map(groupVersionOf).filter((each) => !knownGroups.has(groupOf(each)));
  if (strangers.length > 0) {
    throw new Error(`unknown api groups ${[...new Set(strangers)].sort().join(',')}`);
  }
  for (const [key, value] of config) {
    if (wide.has(key)) {
      if (value !== 'true' && value !== 'false') throw new Error(`invalid value ${key}=${value}`);
    } else checkNamed(key, value, known);
  }
}

function checkNamed(key: string, value: string, known: ReadonlySet<string>): void {
  const groupVersion = groupVersionOf(key);
  if (!known.has(groupVersion)) {
    throw new Error(`group version ${groupVersion} that has not been registered`);
  }
  if (value !== '' && !booleans.has(value)) {
    const why = `strconv.ParseBool: parsing ${JSON.stringify(value)}: invalid syntax`;
    throw new Error(`invalid value of ${key}: ${value}, err: ${why}`);
  }
  const plural = key.split('/')[2];
  if (plural !== undefined && plural !== plural.toLowerCase()) {
    throw new Error(
      `invalid key ${key}: group/version/resource and resource is always lowercase plural, ` +
        `not ${JSON.stringify(plural)}`,
    );
  }
}

function groupVersionOf(key: string): string {
  return key.split('/').slice(0, 2).join('/');
}

function groupOf(groupVersion: string): string {
  return groupVersion.split('/')[0] ?? '';
}
