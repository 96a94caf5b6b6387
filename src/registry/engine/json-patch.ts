// JSON patch, RFC 6902, over pointers of RFC 6901.
import { jsonType } from '../schema/go-errors.ts';
import { toJson } from '../schema/json.ts';
import { copyJson, defineOwn, fieldOf, isJsonObject, sameJson } from './json.ts';

export interface JsonPatchOperation {
  readonly op: string;
  readonly path: string;
  readonly from?: string;
  readonly value?: unknown;
}

/** What copies of one patch may add, in bytes of JSON; doubling is fast. Upstream's default. */
export const copiedBytesMax = 3 * 1024 * 1024;

/** The patch is well-formed but does not fit the object it is applied to. */
export class JsonPatchError extends Error {}

const operationFields: ReadonlySet<string> = new Set(['op', 'path', 'from', 'value']);

/** Checks the shape of a parsed patch; null is an empty one. Throws JsonPatchError. */
export function readJsonPatch(patch: unknown): {
  readonly operations: readonly JsonPatchOperation[];
  /** Fields that no operation has. */
  readonly problems: readonly string[];
} {
  if (patch === null) return { operations: [], problems: [] };
  if (!Array.isArray(patch)) {
    throw new JsonPatchError(
      `json: cannot unmarshal ${jsonType(patch)} into Go value of type []handlers.jsonPatchOp`,
    );
  }
  const problems: string[] = [];
  const operations = patch.map((given: unknown, index) => {
    const operation = given ?? {};
    if (!isJsonObject(operation)) {
      throw new JsonPatchError(
        `json: cannot unmarshal ${jsonType(operation)} into Go value of type handlers.jsonPatchOp`,
      );
    }
    for (const name of Object.keys(operation)) {
      if (operationFields.has(name)) continue;
      problems.push(`unknown field ${JSON.stringify(`[${index}].${name}`)}`);
    }
    return readOperation(operation);
  });
  return { operations, problems };
}

function readOperation(operation: Record<string, unknown>): JsonPatchOperation {
  const text = (name: string): string | undefined => {
    const value = operation[name] ?? undefined;
    if (value === undefined || typeof value === 'string') return value;
    throw new JsonPatchError(
      `json: cannot unmarshal ${jsonType(value)} into Go struct field jsonPatchOp.${name} ` +
        'of type string',
    );
  };
  const from = text('from');
  return {
    op: text('op') ?? 'unknown',
    path: text('path') ?? '/unknown',
    ...(from === undefined ? {} : { from }),
    ...(Object.hasOwn(operation, 'value') ? { value: operation.value } : {}),
  };
}

/** A tree of the fields whose objects the operations open. */
export function touchedBy(operations: readonly JsonPatchOperation[]): object {
  const root: Record<string, unknown> = {};
  for (const pointer of operations.flatMap(({ path, from }) => [path, from ?? ''])) {
    let at = root;
    for (const token of tokensOf(pointer).slice(0, -1)) {
      const next = fieldOf(at, token);
      const below: Record<string, unknown> = isJsonObject(next) ? next : {};
      defineOwn(at, token, below);
      at = below;
    }
  }
  return root;
}

function tokensOf(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** Applies every operation in order to a copy; throws JsonPatchError when one does not fit. */
export function applyJsonPatch(
  document: unknown,
  operations: readonly JsonPatchOperation[],
): unknown {
  // Operations may address the whole document, so it hangs under a root of its own.
  const root: Root = { document: copyJson(document), copiedBytes: 0 };
  try {
    for (const operation of operations) applyOperation(root, operation);
  } catch (error) {
    // Copied into itself a dozen times, a small document is deeper than any stack.
    if (error instanceof RangeError) throw new JsonPatchError('exceeded max depth');
    throw error;
  }
  return root.document;
}

/** The document, and how much operations have copied in it so far. */
interface Root extends Record<string, unknown> {
  document: unknown;
  copiedBytes: number;
}

function applyOperation(root: Root, operation: JsonPatchOperation): void {
  const { op, path } = operation;
  if (op === 'move') {
    move(root, operation);
    return;
  }
  const at = locate(root, path);
  switch (op) {
    case 'add':
      insert(at, copyJson(givenValue(operation)), path);
      break;
    case 'replace':
      // Upstream's library puts a field there that was not.
      if (Array.isArray(at.container)) read(at, path);
      write(at, copyJson(givenValue(operation)));
      break;
    case 'remove':
      remove(at, path);
      break;
    case 'test':
      if (!sameJson(readOrNull(at), operation.value ?? null)) {
        throw new JsonPatchError(`testing value ${path} failed`);
      }
      break;
    case 'copy':
      insert(at, copied(root, givenFrom(operation)), path);
      break;
    default:
      throw new JsonPatchError(`unexpected kind of operation: ${op}`);
  }
}

function copied(root: Root, from: string): unknown {
  const value = readOrNull(locate(root, from));
  root.copiedBytes += toJson(value).length;
  if (root.copiedBytes <= copiedBytesMax) return copyJson(value);
  throw new JsonPatchError(
    'Unable to complete the copy, the accumulated size increase of copy is ' +
      `${root.copiedBytes}, exceeding the limit ${copiedBytesMax}`,
  );
}

function move(root: Root, operation: JsonPatchOperation): void {
  const { path } = operation;
  const from = givenFrom(operation);
  if (path.startsWith(`${from}/`)) throw new JsonPatchError(`cannot move ${from} into itself`);
  const source = locate(root, from);
  const value = read(source, from);
  remove(source, from);
  insert(locate(root, path), value, path);
}

/** Upstream's library takes an operation without a value for one with null. */
function givenValue(operation: JsonPatchOperation): unknown {
  return operation.value ?? null;
}

function givenFrom(operation: JsonPatchOperation): string {
  if (operation.from !== undefined) return operation.from;
  throw new JsonPatchError(`operation ${operation.op} ${operation.path} has no from`);
}

/** A place in the document: its container and the last token of the pointer. */
interface Place {
  readonly container: Record<string, unknown> | unknown[];
  readonly token: string;
}

function locate(root: Root, pointer: string): Place {
  // The document itself is no place for upstream's library.
  if (!pointer.startsWith('/')) throw missing(pointer);
  const tokens = tokensOf(pointer);
  const token = tokens.pop() ?? '';
  let container: unknown = root.document;
  for (const step of tokens) container = childOf(container, step, pointer);
  if (Array.isArray(container) || isJsonObject(container)) return { container, token };
  throw missing(pointer);
}

function childOf(container: unknown, token: string, pointer: string): unknown {
  if (Array.isArray(container) || isJsonObject(container)) {
    return read({ container, token }, pointer);
  }
  throw missing(pointer);
}

function missing(pointer: string): JsonPatchError {
  return new JsonPatchError(`doc is missing path: ${pointer}: missing value`);
}

function indexOf(container: readonly unknown[], token: string, limit: number): number | undefined {
  if (!/^(-?[1-9][0-9]*|0)$/.test(token)) return undefined;
  const given = Number(token);
  // Upstream's library counts negative indices from the end.
  const index = given < 0 ? given + limit : given;
  return index >= 0 && index < limit && index <= container.length ? index : undefined;
}

function read({ container, token }: Place, pointer: string): unknown {
  if (Array.isArray(container)) {
    const index = indexOf(container, token, container.length);
    if (index === undefined) throw missing(pointer);
    return container[index];
  }
  if (!Object.hasOwn(container, token)) throw missing(pointer);
  return container[token];
}

/** What `test` compares: an absent field equals null. */
function readOrNull(place: Place): unknown {
  const { container, token } = place;
  if (!Array.isArray(container) && !Object.hasOwn(container, token)) return null;
  return read(place, token);
}

function write({ container, token }: Place, value: unknown): void {
  if (Array.isArray(container)) container[indexOf(container, token, container.length) ?? 0] = value;
  else defineOwn(container, token, value);
}

function insert(place: Place, value: unknown, pointer: string): void {
  const { container, token } = place;
  if (!Array.isArray(container)) {
    defineOwn(container, token, value);
    return;
  }
  const index = token === '-' ? container.length : indexOf(container, token, container.length + 1);
  if (index === undefined) throw missing(pointer);
  container.splice(index, 0, value);
}

function remove(place: Place, pointer: string): void {
  const { container, token } = place;
  read(place, pointer);
  if (!Array.isArray(container)) delete container[token];
  else container.splice(indexOf(container, token, container.length) ?? 0, 1);
}
