// Checks CEL expressions of webhooks and policies: where they stand, and whether they compile.
import type { FieldError, FieldPath } from '../field.ts';
import type { Variable } from './types.ts';

/** What an expression may refer to besides `object`, `oldObject`, `request`, `namespaceObject`. */
export interface ExpressionScope {
  readonly params: boolean;
  readonly authorizer: boolean;
  /** `Object{}` and `JSONPatch{}`, as mutations build them. */
  readonly patchTypes?: boolean;
  readonly variables?: readonly Variable[];
}

/**
 * What the compiler says of an expression that is there. There is no CEL compiler yet: this is
 * the one place where it comes in, and until then every expression passes.
 */
export function validateExpression(
  _expression: string,
  _scope: ExpressionScope,
  _path: FieldPath,
): readonly FieldError[] {
  return [];
}

const reserved = new Set([
  ...['true', 'false', 'null', 'in', 'as', 'break', 'const', 'continue', 'else', 'for'],
  ...['function', 'if', 'import', 'let', 'loop', 'package', 'namespace', 'return', 'var'],
  ...['void', 'while'],
]);

/** Whether a variable may have this name. */
export function isCelIdentifier(name: string): boolean {
  return /^[_a-zA-Z][_a-zA-Z0-9]*$/.test(name) && !reserved.has(name);
}
