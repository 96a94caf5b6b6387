// Shuffle sharding: deals each flow a hand of queues out of a hash of its name.

/** More bits of a hash would deal the last card unevenly. */
export const hashBitsMax = 60;

/** How many bits of a hash a hand uses up; never too few. */
export function requiredEntropyBits(deckSize: number, handSize: number): number {
  return Math.ceil(Math.log2(deckSize) * handSize);
}

/** `handSize` different queues of `deckSize`, the same ones for the same hash. */
export function dealHand(hash: bigint, deckSize: number, handSize: number): readonly number[] {
  let rest = hash;
  const hand: number[] = [];
  const remainders: number[] = [];
  for (let index = 0; index < handSize; index++) {
    const left = BigInt(deckSize - index);
    remainders.push(Number(rest % left));
    rest /= left;
  }
  for (let index = 0; index < handSize; index++) {
    let card = remainders[index] ?? 0;
    // A remainder counts only the cards that are still in the deck.
    for (let before = index; before > 0; before--) {
      if (card >= (remainders[before - 1] ?? 0)) card++;
    }
    hand.push(card);
  }
  return hand;
}
