// Amounts inside objects: which of them must be positive, or at least not negative.
import {
  formatQuantity,
  parseQuantity,
  type Quantity,
  quantityValue,
  roundQuantityUp,
  zeroQuantity,
} from '../quantity.ts';
import { type FieldError, type FieldPath, invalidValue } from './field.ts';

/** An amount of an object; decoding has seen that it can be read, so what cannot be is nothing. */
export function amountOf(text: string | undefined): Quantity {
  if (text === undefined) return zeroQuantity;
  try {
    return parseQuantity(text);
  } catch {
    return zeroQuantity;
  }
}

/** Whether an amount has a part that is less than one. */
export function isFractional(text: string | undefined): boolean {
  return amountOf(text).scale > 0;
}

export function validatePositiveQuantity(text: string | undefined, path: FieldPath): FieldError[] {
  const quantity = amountOf(text);
  if (quantity.mantissa > 0n) return [];
  return [invalidValue(path, formatQuantity(quantity), 'must be greater than zero')];
}

export function validateNonnegativeQuantity(
  text: string | undefined,
  path: FieldPath,
): FieldError[] {
  const quantity = amountOf(text);
  if (quantity.mantissa >= 0n) return [];
  return [invalidValue(path, formatQuantity(quantity), 'must be greater than or equal to 0')];
}

/** Upstream's validateBasicResource, which says the same in other words. */
export function validateBasicQuantity(text: string | undefined, path: FieldPath): FieldError[] {
  const quantity = amountOf(text);
  if (quantity.mantissa >= 0n) return [];
  return [invalidValue(path, quantityValue(quantity), 'must be a valid resource quantity')];
}

/** Amounts are kept to thousandths: finer ones are rounded up when defaults are set. */
export function roundToMilli(list: Record<string, string> | undefined): void {
  if (list === undefined) return;
  for (const [name, text] of Object.entries(list)) {
    // Canonical texts show in their suffix how fine they are.
    if (!/[nu]$|e-/.test(text)) continue;
    list[name] = formatQuantity(roundQuantityUp(amountOf(text), 3));
  }
}
