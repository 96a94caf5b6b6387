// A sorted set of keys in the order that stores keep them: ascending by the bytes of their UTF-8.

/** Keys a block holds before it is split; small enough that an insert moves little memory. */
const blockKeysMax = 512;

/** Compares as the UTF-8 bytes of both would; JavaScript's `<` differs for surrogate pairs. */
export function compareKeys(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const left = a.charCodeAt(i);
    const right = b.charCodeAt(i);
    if (left === right) continue;
    // A surrogate stands for a code point above every other UTF-16 unit, U+E000..U+FFFF included.
    return utf8Rank(left) - utf8Rank(right);
  }
  return a.length - b.length;
}

function utf8Rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}

/**
 * Sorted blocks of keys: adding and deleting cost a binary search and the move of one block, and
 * walking costs nothing per key. A million keys are two thousand blocks.
 */
export class OrderedKeys {
  readonly #blocks: string[][] = [[]];

  add(key: string): void {
    const at = this.#blockOf(key);
    const block = this.#blocks[at];
    if (block === undefined) return;
    const index = lowerBound(block, key);
    if (block[index] === key) return;
    block.splice(index, 0, key);
    if (block.length > blockKeysMax) {
      // A block that only grows at its end is split there, so keys added in order fill blocks.
      const cut = index === block.length - 1 ? index : block.length >> 1;
      this.#blocks.splice(at + 1, 0, block.splice(cut));
    }
  }

  delete(key: string): void {
    const at = this.#blockOf(key);
    const block = this.#blocks[at];
    if (block === undefined) return;
    const index = lowerBound(block, key);
    if (block[index] !== key) return;
    block.splice(index, 1);
    if (block.length === 0 && this.#blocks.length > 1) this.#blocks.splice(at, 1);
  }

  /** Ascending keys that start with `prefix`, from `from` on; the set must not change meanwhile. */
  *range(prefix: string, from: string = prefix): Generator<string, undefined> {
    const start = compareKeys(from, prefix) < 0 ? prefix : from;
    let at = this.#blockOf(start);
    let index = lowerBound(this.#blocks[at] ?? [], start);
    for (let block = this.#blocks[at]; block !== undefined; block = this.#blocks[++at]) {
      for (; index < block.length; index++) {
        const key = block[index];
        if (key === undefined || !key.startsWith(prefix)) return;
        yield key;
      }
      index = 0;
    }
  }

  /** The last block whose first key is not above `key`. */
  #blockOf(key: string): number {
    let low = 0;
    let high = this.#blocks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      const first = this.#blocks[middle]?.[0];
      if (first !== undefined && compareKeys(first, key) <= 0) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

function lowerBound(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compareKeys(keys[middle] ?? '', key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
