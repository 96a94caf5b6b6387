// Randomness as an input: the system's generator for real clusters, a seeded one for replays.
import { randomFillSync } from 'node:crypto';

/** A source of randomness. Secrets and keys never come from it; they use node:crypto directly. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
}

const drawBytes = 6;
const drawsPerFill = 512;

/** Randomness from the system, fetched many draws at a time: one call to it costs 3 µs or more. */
export const systemRandom: Random = createSystemRandom();

function createSystemRandom(): Random {
  const pool = Buffer.alloc(drawBytes * drawsPerFill);
  let at = pool.length;
  return {
    next() {
      if (at === pool.length) {
        randomFillSync(pool);
        at = 0;
      }
      at += drawBytes;
      return pool.readUIntBE(at - drawBytes, drawBytes) / 2 ** 48;
    },
  };
}

/** The same numbers for the same `seed`, on every machine (mulberry32). */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return {
    next() {
      state = (state + 0x6d2b79f5) >>> 0;
      let t = state;
      t = Math.imul(t ^ (t >>> 15), t | 1);
      t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
      return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
    },
  };
}

/** A random (version 4) UUID as Kubernetes writes it, lower case with hyphens. */
export function uuid(random: Random): string {
  let hex = '';
  for (let i = 0; i < 32; i++) hex += Math.floor(random.next() * 16).toString(16);
  const variant = '89ab'[Number.parseInt(hex.charAt(16), 16) & 3];
  return (
    `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-` +
    `${variant}${hex.slice(17, 20)}-${hex.slice(20)}`
  );
}

// Upstream's alphabet for generated names: no vowels and no look-alikes, so no words appear.
const nameAlphabet = 'bcdfghjklmnpqrstvwxz2456789';

export const nameSuffixLength = 5;

/** `length` characters for a generated name, from apimachinery's util/rand alphabet. */
export function nameSuffix(random: Random, length: number = nameSuffixLength): string {
  let suffix = '';
  for (let i = 0; i < length; i++) {
    suffix += nameAlphabet.charAt(Math.floor(random.next() * nameAlphabet.length));
  }
  return suffix;
}
