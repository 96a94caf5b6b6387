// A binary heap whose items can be taken out by key, for the queues of the scheduler.

export class Heap<T> {
  readonly #items: T[] = [];
  readonly #positions = new Map<string, number>();
  readonly #keyOf: (item: T) => string;
  readonly #before: (a: T, b: T) => boolean;

  constructor(keyOf: (item: T) => string, before: (a: T, b: T) => boolean) {
    this.#keyOf = keyOf;
    this.#before = before;
  }

  get size(): number {
    return this.#items.length;
  }

  has(key: string): boolean {
    return this.#positions.has(key);
  }

  get(key: string): T | undefined {
    const position = this.#positions.get(key);
    return position === undefined ? undefined : this.#items[position];
  }

  /** The item that comes first; it stays. */
  peek(): T | undefined {
    return this.#items[0];
  }

  /** Adds an item, or finds its new place when one with its key is here. */
  push(item: T): void {
    const key = this.#keyOf(item);
    const position = this.#positions.get(key) ?? this.#items.length;
    this.#put(item, position);
    this.#settle(position);
  }

  pop(): T | undefined {
    const first = this.#items[0];
    if (first !== undefined) this.delete(this.#keyOf(first));
    return first;
  }

  delete(key: string): boolean {
    const position = this.#positions.get(key);
    if (position === undefined) return false;
    this.#positions.delete(key);
    const last = this.#items.pop();
    if (last !== undefined && position < this.#items.length) {
      this.#put(last, position);
      this.#settle(position);
    }
    return true;
  }

  #put(item: T, position: number): void {
    this.#items[position] = item;
    this.#positions.set(this.#keyOf(item), position);
  }

  #settle(from: number): void {
    let position = from;
    const item = this.#items[position];
    if (item === undefined) return;
    for (;;) {
      const above = (position - 1) >> 1;
      const parent = position > 0 ? this.#items[above] : undefined;
      if (parent === undefined || !this.#before(item, parent)) break;
      this.#put(parent, position);
      position = above;
    }
    for (;;) {
      const left = this.#items[2 * position + 1];
      const right = this.#items[2 * position + 2];
      if (left === undefined) break;
      const takesRight = right !== undefined && this.#before(right, left);
      const child = takesRight ? right : left;
      if (!this.#before(child, item)) break;
      this.#put(child, position);
      position = 2 * position + (takesRight ? 2 : 1);
    }
    this.#put(item, position);
  }
}
