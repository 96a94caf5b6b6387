// Prints JSON values as Go's fmt does with %v, for error messages that clients compare.

import { NumberLiteral } from '../schema/json.ts';

/** `map[name:a ports:[map[port:80]]]`: keys sorted, strings bare. */
export function goValue(value: unknown): string {
  if (value === null || value === undefined) return '<nil>';
  if (Array.isArray(value)) return `[${value.map(goValue).join(' ')}]`;
  if (typeof value !== 'object') return String(value);
  if (value instanceof NumberLiteral) return String(value.value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `map[${entries.map(([key, child]) => `${key}:${goValue(child)}`).join(' ')}]`;
}
