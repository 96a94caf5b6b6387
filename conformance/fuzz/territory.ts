// What the fuzzer may touch: names and namespaces of its own, and kinds that it only ever rehearses.
import type { Target } from './catalog.ts';
import type { Dice } from './dice.ts';
import type { JsonObject } from './json.ts';

export interface Territory {
  readonly namespaces: readonly string[];
  /** On all objects as they are made; what spoils them may take it off. */
  readonly label: { readonly key: string; readonly value: string };
  /** A name that an object of the kind may have, out of a few. */
  name(dice: Dice, target: Target): string;
  /** Whether an object without namespace was made here. */
  owns(name: string): boolean;
}

/** Few, so that requests meet objects that others made. */
const letters = ['a', 'b', 'c', 'd', 'e', 'f'] as const;

/** Stored, they would change how the server treats everyone: writes are dry runs. */
const rehearsed: readonly string[] = [
  'apiservices',
  'flowschemas',
  'mutatingadmissionpolicies',
  'mutatingadmissionpolicybindings',
  'mutatingwebhookconfigurations',
  'prioritylevelconfigurations',
  'validatingadmissionpolicybindings',
  'validatingwebhookconfigurations',
];

export function onlyRehearsed({ resource }: Target): boolean {
  return rehearsed.includes(resource);
}

export function claimTerritory(seed: number): Territory {
  const prefix = `fuzz-${seed}-`;
  return {
    namespaces: ['x', 'y', 'z'].map((letter) => `${prefix}${letter}`),
    label: { key: 'coracle-fuzz/run', value: String(seed) },
    name(dice, { resource }) {
      const at = dice.below(letters.length);
      if (resource === 'ipaddresses') return `10.96.${(seed % 250) + 1}.${at + 1}`;
      if (resource === 'customresourcedefinitions') return 'fuzzes.fuzz.example.com';
      if (resource === 'apiservices') return 'v1.fuzz.example.com';
      return `${prefix}${letters[at] ?? 'a'}`;
    },
    owns: (name) => name.startsWith(prefix) || name.endsWith('.fuzz.example.com'),
  };
}

export function metadataOf(
  { label }: Territory,
  name: string,
  namespace: string | undefined,
): JsonObject {
  return {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    labels: { [label.key]: label.value, app: 'fuzz' },
  };
}
