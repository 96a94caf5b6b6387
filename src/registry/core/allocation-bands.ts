// In which order the pieces of a range are given: the upper band at random first, then the lower one.
import type { Random } from '../../random.ts';

/**
 * The first addresses are left to those who choose one themselves (KEP-3070): between 16 and 256,
 * a sixteenth of the range; none in a very small one. `size` counts network and broadcast.
 */
export function staticBandSize(size: bigint): bigint {
  if (size <= 16n) return 0n;
  const share = size / 16n;
  return share < 16n ? 16n : share > 256n ? 256n : share;
}

/** KEP-3668: a band of 16 to 128 ports, a thirty-second of the range, is kept for chosen ones. */
export function staticPortBandSize(size: number): number {
  if (size <= 16) return 0;
  return Math.min(128, Math.max(16, Math.floor(size / 32)));
}

/** All of `first` to `last`: those after the `band` lowest from a random one on, then the others. */
export function* inBandOrder(
  first: bigint,
  last: bigint,
  band: bigint,
  random: Random,
): IterableIterator<bigint> {
  yield* around(first + band, last, random);
  yield* around(first, first + band - 1n, random);
}

function* around(first: bigint, last: bigint, random: Random): IterableIterator<bigint> {
  const count = last - first + 1n;
  if (count <= 0n) return;
  // 48 random bits are plenty: no sensible range has more pieces in use.
  const limit = count < 1n << 48n ? count : 1n << 48n;
  const start = BigInt(Math.floor(random.next() * Number(limit)));
  for (let step = 0n; step < count; step++) yield first + ((start + step) % count);
}
