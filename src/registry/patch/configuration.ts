// Checks an applied configuration against its type, in the words of structured-merge-diff.

import { isJsonObject } from '../engine/json.ts';
import { NumberLiteral } from '../schema/json.ts';
import type { ScalarKind } from '../schema/types.ts';
import { pathText } from './fields-v1.ts';
import { goValue } from './go-value.ts';
import {
  itemElement,
  type KeyedListShape,
  type LeafContent,
  type Shape,
  type StructShape,
} from './shape.ts';

/** How many problems of one configuration are listed. */
const problemsMax = 100;

/** What is wrong with it, one line each: `.spec.foo: field not declared in schema`. */
export function configurationProblems(shape: StructShape, value: unknown): readonly string[] {
  const problems: string[] = [];
  new Check(problems).value(shape, value, '');
  return problems;
}

class Check {
  readonly #problems: string[];

  constructor(problems: string[]) {
    this.#problems = problems;
  }

  value(shape: Shape, value: unknown, path: string): void {
    if (value === null || value === undefined) return;
    switch (shape.kind) {
      case 'leaf':
        this.#leaf(shape.content, value, path);
        break;
      case 'struct':
        this.#struct(shape, value, path);
        break;
      case 'map':
        this.#map(shape.value, value, path);
        break;
      default:
        this.#list(shape, value, path);
        break;
    }
  }

  #problem(path: string, message: string): void {
    if (this.#problems.length < problemsMax) {
      this.#problems.push(path === '' ? message : `${path}: ${message}`);
    }
  }

  #leaf(content: LeafContent, value: unknown, path: string): void {
    if (content.kind === 'scalar') this.#scalar(content.scalar, value, path);
    else if (content.kind === 'struct') this.#struct(content.struct, value, path);
    else if (content.kind === 'map') this.#map(content.value, value, path);
    else if (!Array.isArray(value)) this.#problem(path, `expected list, got ${wrapped(value)}`);
    else {
      for (const [index, item] of value.entries()) {
        this.value(content.item, item, `${path}[${index}]`);
      }
    }
  }

  #struct(shape: StructShape, value: unknown, path: string): void {
    if (!isJsonObject(value)) {
      this.#problem(path, `expected map, got ${wrapped(value)}`);
      return;
    }
    for (const [name, child] of Object.entries(value)) {
      const field = shape.fields.get(name);
      if (field === undefined) this.#problem(`${path}.${name}`, 'field not declared in schema');
      else this.value(field.shape, child, `${path}.${name}`);
    }
  }

  #map(item: Shape, value: unknown, path: string): void {
    if (!isJsonObject(value)) {
      this.#problem(path, `expected map, got ${wrapped(value)}`);
      return;
    }
    for (const [name, child] of Object.entries(value)) this.value(item, child, `${path}.${name}`);
  }

  #list(shape: KeyedListShape | { kind: 'set' }, value: unknown, path: string): void {
    if (!Array.isArray(value)) {
      this.#problem(path, `expected list, got ${wrapped(value)}`);
      return;
    }
    const seen = new Set<string>();
    for (const [index, item] of value.entries()) {
      const why = unfit(shape, item);
      const element = why === undefined ? itemElement(shape, item) : undefined;
      if (element === undefined) {
        this.#problem(path, `element ${index}: ${why ?? ''}`);
        return;
      }
      const place = pathText([element]);
      if (seen.has(element)) this.#problem(path, `duplicate entries for key ${place}`);
      seen.add(element);
      if (shape.kind === 'list') this.value(shape.item, item, `${path}${place}`);
    }
  }

  #scalar(kind: ScalarKind, value: unknown, path: string): void {
    const problem = scalarProblem(kind, value);
    if (problem !== undefined) this.#problem(path, problem);
  }
}

/** Why an item cannot stand in a keyed list or a set. */
function unfit(shape: KeyedListShape | { kind: 'set' }, item: unknown): string | undefined {
  if (shape.kind === 'set') {
    const isScalar = item !== null && typeof item !== 'object';
    return isScalar ? undefined : 'sets can only contain scalars';
  }
  if (item === null) return 'associative list with keys may not have a null element';
  if (!isJsonObject(item)) {
    return 'associative list with keys may not have non-map elements';
  }
  if (itemElement(shape, item) !== undefined) return undefined;
  const names = shape.declaredKeys.map((name) => JSON.stringify(name)).join(' ');
  return (
    `associative list with keys has an element that omits all key fields [${names}] ` +
    "(and doesn't have default values for any key fields)"
  );
}

function scalarProblem(kind: ScalarKind, value: unknown): string | undefined {
  switch (kind) {
    case 'int32':
    case 'int64':
    case 'float64': {
      const isNumber = typeof value === 'number' || typeof value === 'bigint';
      return isNumber ? undefined : `expected numeric (int or float), got ${goTypeName(value)}`;
    }
    case 'bool':
      return typeof value === 'boolean' ? undefined : `expected boolean, got ${wrapped(value)}`;
    case 'string':
    case 'bytes':
    case 'duration':
      return typeof value === 'string'
        ? undefined
        : `expected string, got &value.valueUnstructured{Value:${goSyntax(value)}}`;
    case 'raw':
      return undefined;
    default:
      return typeof value === 'object' ? `expected any scalar, got ${wrapped(value)}` : undefined;
  }
}

/** How Go prints the box that a value comes in. */
function wrapped(value: unknown): string {
  return `&{${goValue(value)}}`;
}

function goTypeName(value: unknown): string {
  if (Array.isArray(value)) return '[]interface {}';
  if (typeof value === 'object') return 'map[string]interface {}';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}

function goSyntax(value: unknown): string {
  if (Array.isArray(value)) return `[]interface {}{${value.map(goSyntax).join(', ')}}`;
  if (value instanceof NumberLiteral) return String(value.value);
  if (isJsonObject(value)) {
    const fields = Object.entries(value).map(([key, child]) => `"${key}":${goSyntax(child)}`);
    return `map[string]interface {}{${fields.join(', ')}}`;
  }
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}
