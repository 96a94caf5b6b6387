// Divides a number of seats among priority levels in proportion to their demand, within their bounds.

export interface SeatClaim {
  /** At least `lowerBound`. */
  readonly target: number;
  readonly lowerBound: number;
  readonly upperBound: number;
}

export interface SeatAllocation {
  readonly seats: readonly number[];
  /** What each level got of its target, where no bound kept it from that. */
  readonly fairFraction: number;
}

/** Nobody's target is less, so that a fraction of it means something. */
const targetMin = 0.001;
const epsilon = 1e-7;

/**
 * The one fraction `f` for which `clamp(f * target, lower, upper)` sums up to `sum` (KEP-1040,
 * "max-min fairness"); undefined when the bounds leave none.
 */
export function allocateSeats(
  sum: number,
  claims: readonly SeatClaim[],
): SeatAllocation | undefined {
  const lowest = total(claims, ({ lowerBound }) => lowerBound);
  const highest = total(claims, ({ upperBound }) => upperBound);
  if (lowest - sum > epsilon || sum - highest > epsilon) return undefined;
  const targets = claims.map(({ target }) => Math.max(target, targetMin));
  const fractions = claims
    .flatMap(({ lowerBound, upperBound }, index) => {
      const target = targets[index] ?? targetMin;
      return [lowerBound / target, upperBound / target];
    })
    .sort((a, b) => a - b);
  const seatsAt = (fraction: number) =>
    claims.map(({ lowerBound, upperBound }, index) =>
      Math.max(lowerBound, Math.min(upperBound, fraction * (targets[index] ?? targetMin))),
    );
  const sumAt = (fraction: number) => seatsAt(fraction).reduce((all, each) => all + each, 0);
  // The sum grows with the fraction and is straight between two bounds: find the piece it is in.
  let from = 0;
  for (const to of fractions) {
    if (sumAt(to) >= sum - epsilon) {
      const fairFraction = between(from, to, sumAt, sum);
      return { seats: seatsAt(fairFraction), fairFraction };
    }
    from = to;
  }
  return { seats: seatsAt(from), fairFraction: from };
}

function between(
  from: number,
  to: number,
  sumAt: (fraction: number) => number,
  sum: number,
): number {
  const low = sumAt(from);
  const slope = sumAt(to) - low;
  if (slope <= 0 || low >= sum) return slope <= 0 ? to : from;
  return from + ((to - from) * (sum - low)) / slope;
}

function total(claims: readonly SeatClaim[], of: (claim: SeatClaim) => number): number {
  return claims.reduce((sum, claim) => sum + of(claim), 0);
}
