// Pod addresses of a simulated node, handed out from its range and reused when given back.

/** Addresses of an IPv4 range `a.b.c.d/n`; the first two (network, gateway) are never given. */
export class AddressPool {
  readonly #base: number;
  readonly #size: number;
  readonly #used = new Set<number>();
  #next = 2;

  constructor(cidr: string) {
    const [address = '', length = '24'] = cidr.split('/');
    this.#size = 2 ** (32 - Number(length));
    const value = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
    this.#base = value - (value % this.#size);
  }

  /** A free address; rejects with upstream's words when there is none. */
  take(): string {
    for (let tries = 0; tries < this.#size; tries++) {
      const offset = this.#next;
      this.#next = offset + 1 >= this.#size - 1 ? 2 : offset + 1;
      if (this.#used.has(offset)) continue;
      this.#used.add(offset);
      const value = this.#base + offset;
      return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
    }
    throw new Error('no IP addresses available in range set');
  }

  give(address: string): void {
    const value = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
    this.#used.delete(value - this.#base);
  }
}
