// Seeded chance: the same seed and request number give the same request, on every machine.
import { seededRandom } from '../../src/random.ts';

export interface Dice {
  /** Uniform in [0, 1). */
  next(): number;
  /** A whole number from 0 up to, not including, `below`. */
  below(below: number): number;
  chance(probability: number): boolean;
  pick<T>(from: readonly T[]): T;
  /** Picks a value by the weight before it. */
  weigh<T>(...choices: readonly (readonly [weight: number, value: T])[]): T;
  bytes(length: number): Buffer;
}

/** @param index of the request, so that each can be made again without those before it */
export function createDice(seed: number, index: number): Dice {
  const random = seededRandom(Math.imul(seed, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b));
  const below = (limit: number) => Math.floor(random.next() * limit);
  const dice: Dice = {
    next: () => random.next(),
    below,
    chance: (probability) => random.next() < probability,
    pick(from) {
      const value = from[below(from.length)];
      if (value === undefined && from.length === 0) throw new Error('nothing to pick from');
      return value as (typeof from)[number];
    },
    weigh(...choices) {
      let left = random.next() * choices.reduce((sum, [weight]) => sum + weight, 0);
      for (const [weight, value] of choices) {
        left -= weight;
        if (left < 0) return value;
      }
      const last = choices.at(-1);
      if (last === undefined) throw new Error('nothing to weigh');
      return last[1];
    },
    bytes: (length) => Buffer.from(Array.from({ length }, () => below(256))),
  };
  return dice;
}
