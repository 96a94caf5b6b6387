// Resource quantities as numbers: parsing, and the roundings that the kubelet needs.

const suffixes: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

const pattern = /^([+-]?(?:\d+\.?\d*|\.\d+))(?:[eE]([+-]?\d+)|([numkMGTPE]|[KMGTPE]i))?$/;

/** The value of `quantity` (`1.5Gi`, `100m`, `1e3`); undefined when it is none. */
export function parseQuantity(quantity: string | undefined): number | undefined {
  const match = pattern.exec(quantity ?? '');
  if (match === null) return undefined;
  const [, number = '', exponent, suffix = ''] = match;
  if (exponent !== undefined) return Number(`${number}e${exponent}`);
  return Number(number) * (suffixes[suffix] ?? 1);
}

/** Rounded up to whole units; 0 when absent or malformed. */
export function quantityUnits(quantity: string | undefined): number {
  return ceil(parseQuantity(quantity) ?? 0);
}

/** Rounded up to whole thousandths; 0 when absent or malformed. */
export function quantityMilli(quantity: string | undefined): number {
  return ceil((parseQuantity(quantity) ?? 0) * 1000);
}

/** Rounds up, forgiving the last binary digits that decimal fractions leave behind. */
export function ceil(value: number): number {
  const near = Math.round(value);
  return Math.abs(value - near) < 1e-6 ? near : Math.ceil(value);
}
