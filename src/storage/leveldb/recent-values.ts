// Keeps the values written last, because the next write's event carries them as what it replaced.

const valuesBytesMax = 16 * 1024 * 1024;

/** Values by revision, the oldest given up first; a revision's value never changes. */
export class RecentValues {
  readonly #values = new Map<number, Uint8Array>();
  #bytes = 0;

  get(revision: number): Uint8Array | undefined {
    return this.#values.get(revision);
  }

  add(revision: number, value: Uint8Array): void {
    this.#values.set(revision, value);
    this.#bytes += value.byteLength;
    for (const [oldest, gone] of this.#values) {
      if (this.#bytes <= valuesBytesMax) return;
      this.#values.delete(oldest);
      this.#bytes -= gone.byteLength;
    }
  }
}
