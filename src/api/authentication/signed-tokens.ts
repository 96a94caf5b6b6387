// Checks the signature of tokens that the cluster's key signed, and remembers those it has checked.
import { createPublicKey, type KeyObject } from 'node:crypto';
import { compactVerify } from 'jose/jws/compact/verify';

export const signatureAlgorithm = 'ES256';
const tokenLengthMax = 16_384;
/** Verified tokens are remembered this many at a time; their claims are checked every time. */
const verifiedMax = 4096;

/** Claims of tokens that one key signed. */
export class SignedTokens {
  readonly publicKey: KeyObject;
  readonly #verified = new Map<string, object>();

  /** @param signingKey PEM of the private key */
  constructor(signingKey: string) {
    this.publicKey = createPublicKey(signingKey);
  }

  /** Undefined: no token of ours; another authenticator may know it. */
  async claims(token: string): Promise<object | undefined> {
    const known = this.#verified.get(token);
    if (known !== undefined) return known;
    if (token.length > tokenLengthMax || token.split('.').length !== 3) return undefined;
    try {
      const options = { algorithms: [signatureAlgorithm] };
      const { payload } = await compactVerify(token, this.publicKey, options);
      const claims: unknown = JSON.parse(new TextDecoder().decode(payload));
      if (typeof claims !== 'object' || claims === null) return undefined;
      if (this.#verified.size >= verifiedMax) this.#verified.clear();
      this.#verified.set(token, claims);
      return claims;
    } catch {
      return undefined;
    }
  }
}
