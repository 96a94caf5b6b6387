// The ruleset while it is being put together, and how its chains are named.
import { createHash } from 'node:crypto';
import { type Family, familyOf } from '../network/addresses.ts';
import { baseChains, type CollectionName, collectionTypes } from './base-chains.ts';
import type { Chain, Collection } from './ruleset.ts';

/** The ruleset while it is being put together. */
export interface Draft {
  readonly family: Family;
  readonly ip: 'ip' | 'ip6';
  readonly clusterRanges: readonly string[];
  /** The ranges of this node's own pods. */
  readonly ownRanges: readonly string[];
  readonly chains: Map<string, Chain>;
  readonly collections: Map<string, Collection & { readonly elements: Map<string, string> }>;
  readonly udpTargets: Map<string, ReadonlySet<string>>;
  /** Adds an element unless its key is taken: the first of two Services that clash wins. */
  put(collection: CollectionName, key: string, verdict?: string): void;
}

/** An empty draft with the base chains and empty maps. */
export function createDraft(
  family: Family,
  clusterRanges: readonly string[],
  ownRanges: readonly string[],
): Draft {
  const ofFamily = (ranges: readonly string[]) =>
    ranges.filter((range) => familyOf(range) === family);
  const own = ofFamily(clusterRanges);
  const collections: Draft['collections'] = new Map();
  for (const [name, { kind, declaration }] of Object.entries(collectionTypes(family))) {
    collections.set(name, { kind, declaration, elements: new Map() });
  }
  return {
    family,
    ip: family === 'IPv4' ? 'ip' : 'ip6',
    clusterRanges: own,
    ownRanges: ofFamily(ownRanges),
    chains: baseChains({ family, clusterRanges: own }),
    collections,
    udpTargets: new Map(),
    put(name, key, verdict = '') {
      const elements = collections.get(name)?.elements;
      if (elements?.has(key) === false) elements.set(key, verdict);
    },
  };
}

/** A chain's name: a short hash makes it unique, the rest makes it readable; nft's limit is 127. */
export function chainName(prefix: string, ...parts: readonly (string | number)[]): string {
  const whole = parts.join('/');
  const hash = createHash('sha256').update(whole).digest('hex').slice(0, 8);
  const readable = whole.replace(/[^A-Za-z0-9/._-]/g, '.');
  return `${prefix}-${hash}-${readable}`.slice(0, 120);
}
