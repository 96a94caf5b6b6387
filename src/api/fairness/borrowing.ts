// Lets busy priority levels use the seats that idle ones lend, anew every ten seconds (KEP-1040).
import { allocateSeats } from './concurrency-allocation.ts';
import type { FlowMetrics } from './flow-metrics.ts';
import type { PriorityLevel } from './priority-level.ts';

export const borrowingPeriodMs = 10_000;

/** Gives every level its current number of seats by the demand of the period that ends now. */
export function adjustSeats(
  levels: Iterable<PriorityLevel>,
  serverSeats: number,
  metrics: FlowMetrics,
): void {
  const nowMs = metrics.nowMs();
  const all = [...levels];
  for (const { queues } of all) queues.demand.endPeriod(nowMs);
  const limited = all.filter((level) => !level.exempt);
  const nominalSum = sum(all, ({ nominal }) => nominal);
  // Exempt levels take what they need; the others share the rest.
  const rest = nominalSum - sum(all, (level) => (level.exempt ? needOf(level) : 0));
  const lowestSum = sum(limited, ({ lowest }) => lowest);
  const needSum = sum(limited, needOf);
  let seatsOf = (level: PriorityLevel): number => level.lowest;
  let fairFraction = 0;
  if (rest > needSum) {
    const claims = limited.map((level) => ({
      lowerBound: needOf(level),
      upperBound: level.highest,
      target: targetOf(level),
    }));
    const allocation = allocateSeats(nominalSum, claims);
    fairFraction = allocation?.fairFraction ?? 0;
    seatsOf = (level) =>
      Math.round(allocation?.seats[limited.indexOf(level)] ?? level.current ?? level.nominal);
  } else if (rest > lowestSum) {
    const fraction = (rest - lowestSum) / (needSum - lowestSum);
    seatsOf = (level) => level.lowest + Math.round((needOf(level) - level.lowest) * fraction);
  }
  metrics.fairFraction(fairFraction);
  for (const level of all) {
    const current = level.exempt ? needOf(level) : seatsOf(level);
    level.current = current;
    note(level, current);
    const denominator = current > 0 ? current : Math.max(1, Math.round(serverSeats / 10));
    level.queues.setLimit(current, denominator);
  }
}

/** The seats a level has used of its own at most; never less than what it does not lend. */
function needOf(level: PriorityLevel): number {
  const { highWatermark } = level.queues.demand;
  const used = level.exempt ? highWatermark : Math.min(level.nominal, highWatermark);
  return Math.max(level.lowest, used);
}

function targetOf(level: PriorityLevel): number {
  return Math.max(needOf(level), level.queues.demand.smoothed);
}

function note(level: PriorityLevel, current: number): void {
  const { series, demand } = level.queues;
  series.current.set(current);
  series.demandHigh.set(demand.highWatermark);
  series.demandAverage.set(demand.average);
  series.demandDeviation.set(demand.deviation);
  series.demandSmoothed.set(demand.smoothed);
  series.target.set(level.exempt ? 0 : targetOf(level));
}

function sum<T>(items: Iterable<T>, of: (item: T) => number): number {
  let total = 0;
  for (const item of items) total += of(item);
  return total;
}
