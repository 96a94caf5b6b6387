// Resource quantities as the whole numbers that the kubelet reckons with; nonsense counts as none.
import {
  parseQuantity,
  type Quantity,
  QuantityError,
  quantityMilliValue,
  quantityValue,
} from '../../quantity.ts';

function amount(text: string | undefined, read: (quantity: Quantity) => number): number {
  if (text === undefined) return 0;
  try {
    return read(parseQuantity(text));
  } catch (error) {
    // The API server lets none through; a file on the node might.
    if (error instanceof QuantityError) return 0;
    throw error;
  }
}

/** Rounded up to whole units; 0 when absent or malformed. */
export function quantityUnits(text: string | undefined): number {
  return amount(text, quantityValue);
}

/** Rounded up to whole thousandths; 0 when absent or malformed. */
export function quantityMilli(text: string | undefined): number {
  return amount(text, quantityMilliValue);
}
