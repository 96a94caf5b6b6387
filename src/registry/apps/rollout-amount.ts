// How many pods a rollout may miss or add: what the number or percentage amounts to.

export type IntOrPercent = number | string;

/** The number, or the percents; other text counts as Go's Atoi reads it. */
export function amountOf(amount: IntOrPercent): number {
  if (typeof amount === 'number') return amount;
  return /^([0-9]+%|[-+]?[0-9]+)$/.test(amount) ? Number.parseInt(amount, 10) : 0;
}

interface RollingStrategy {
  readonly type?: string;
  readonly rollingUpdate?: {
    readonly maxUnavailable?: IntOrPercent;
    readonly maxSurge?: IntOrPercent;
  };
}

/** A strategy that has no known type is shown as upstream's internal type is. */
export function internalStrategy({ type = '', rollingUpdate }: RollingStrategy): object {
  const rolling = rollingUpdate && {
    MaxUnavailable: rollingUpdate.maxUnavailable ?? 0,
    MaxSurge: rollingUpdate.maxSurge ?? 0,
  };
  return { Type: type, RollingUpdate: rolling ?? null };
}
