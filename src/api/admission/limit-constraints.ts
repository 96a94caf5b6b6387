// What a LimitRange says of one container, pod or claim, in upstream's words.
import {
  compareQuantities,
  formatQuantity,
  type Quantity,
  quantityMilliValue,
  roundQuantityUp,
} from '../../quantity.ts';
import type { LimitItem } from '../../registry/core/limit-range-validation.ts';
import { amountOf } from '../../registry/quantity-validation.ts';

export type Amounts = ReadonlyMap<string, Quantity>;

/** What something asks for, and what it is limited to. */
export interface Demand {
  readonly requests: Amounts;
  readonly limits: Amounts;
}

export function amountsOf(list: Readonly<Record<string, string>> | undefined): Amounts {
  return new Map(Object.entries(list ?? {}).map(([name, text]) => [name, amountOf(text)]));
}

/** Amounts are compared in thousandths. */
function isLess(a: Quantity, b: Quantity): boolean {
  return compareQuantities(roundQuantityUp(a, 3), roundQuantityUp(b, 3)) < 0;
}

interface Constraint {
  /** `minimum cpu usage per Container is 1`: how every message starts. */
  readonly start: string;
  readonly bound: Quantity;
  readonly request: Quantity | undefined;
  readonly limit: Quantity | undefined;
}

function refuseBelow({ start, bound, request, limit }: Constraint): string | undefined {
  if (request === undefined) return `${start}.  No request is specified`;
  if (isLess(request, bound)) return `${start}, but request is ${formatQuantity(request)}`;
  if (limit === undefined || !isLess(limit, bound)) return undefined;
  return `${start}, but limit is ${formatQuantity(limit)}`;
}

function refuseAbove({ start, bound, request, limit }: Constraint): string | undefined {
  if (limit === undefined) return `${start}.  No limit is specified`;
  if (isLess(bound, limit)) return `${start}, but limit is ${formatQuantity(limit)}`;
  if (request === undefined || !isLess(bound, request)) return undefined;
  return `${start}, but request is ${formatQuantity(request)}`;
}

/** Claims have requests only. */
function refuseRequestAbove({ start, bound, request }: Constraint): string | undefined {
  if (request === undefined) return `${start}.  No request is specified`;
  if (!isLess(bound, request)) return undefined;
  return `${start}, but request is ${formatQuantity(request)}`;
}

function refuseRatio({ start, bound, request, limit }: Constraint): string | undefined {
  if (request === undefined || request.mantissa === 0n) {
    return `${start}, but no request is specified or request is 0`;
  }
  if (limit === undefined || limit.mantissa === 0n) {
    return `${start}, but no limit is specified or limit is 0`;
  }
  const ratio = quantityMilliValue(limit) / quantityMilliValue(request);
  if (ratio * 1000 <= quantityMilliValue(bound)) return undefined;
  return `${start}, but provided ratio is ${ratio.toFixed(6)}`;
}

/** Every bound of `item` that `demand` does not keep. */
export function refusalsOf(item: LimitItem, demand: Demand): string[] {
  const { type, min, max, maxLimitRequestRatio } = item;
  const above = type === 'PersistentVolumeClaim' ? refuseRequestAbove : refuseAbove;
  const usage = (what: string) => (name: string) => `${what} ${name} usage per ${type}`;
  const ratio = (name: string) => `${name} max limit to request ratio per ${type}`;
  const rules = [
    [min, usage('minimum'), refuseBelow],
    [max, usage('maximum'), above],
    [type === 'PersistentVolumeClaim' ? {} : maxLimitRequestRatio, ratio, refuseRatio],
  ] as const;
  return rules.flatMap(([bounds, startOf, refusal]) =>
    [...amountsOf(bounds)].flatMap(([name, bound]) => {
      const [request, limit] = [demand.requests.get(name), demand.limits.get(name)];
      const start = `${startOf(name)} is ${formatQuantity(bound)}`;
      return refusal({ start, bound, request, limit }) ?? [];
    }),
  );
}
