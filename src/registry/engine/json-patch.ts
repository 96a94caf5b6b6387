// JSON patch, RFC 6902, over pointers of RFC 6901.
import { copyJson, defineOwn, isJsonObject, sameJson } from './json.ts';

export interface JsonPatchOperation {
  readonly op: string;
  readonly path: string;
  readonly from?: string;
  readonly value?: unknown;
}

/** The patch is well-formed but does not fit the object it is applied to. */
export class JsonPatchError extends Error {}

/** Checks the shape of a parsed patch; throws JsonPatchError. */
export function readJsonPatch(patch: unknown): readonly JsonPatchOperation[] {
  if (!Array.isArray(patch)) {
    const given = patch === null ? 'null' : typeof patch;
    throw new JsonPatchError(
      `json: cannot unmarshal ${given} into Go value of type jsonpatch.Patch`,
    );
  }
  return patch.map((operation: unknown) => {
    if (!isJsonObject(operation)) throw new JsonPatchError('an operation must be an object');
    const { op, path, from, value } = operation;
    if (typeof op !== 'string' || typeof path !== 'string') {
      throw new JsonPatchError("an operation must have strings 'op' and 'path'");
    }
    return {
      op,
      path,
      ...(typeof from === 'string' ? { from } : {}),
      ...(Object.hasOwn(operation, 'value') ? { value } : {}),
    };
  });
}

/** Applies every operation in order to a copy; throws JsonPatchError when one does not fit. */
export function applyJsonPatch(
  document: unknown,
  operations: readonly JsonPatchOperation[],
): unknown {
  // Operations may address the whole document, so it hangs under a root of its own.
  const root = { document: copyJson(document) };
  for (const operation of operations) applyOperation(root, operation);
  return root.document;
}

function applyOperation(root: { document: unknown }, operation: JsonPatchOperation): void {
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
      read(at, path);
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
      insert(at, copyJson(read(locate(root, givenFrom(operation)), givenFrom(operation))), path);
      break;
    default:
      throw new JsonPatchError(`unexpected kind of operation: ${op}`);
  }
}

function move(root: { document: unknown }, operation: JsonPatchOperation): void {
  const { path } = operation;
  const from = givenFrom(operation);
  if (path.startsWith(`${from}/`)) throw new JsonPatchError(`cannot move ${from} into itself`);
  const source = locate(root, from);
  const value = read(source, from);
  remove(source, from);
  insert(locate(root, path), value, path);
}

function givenValue(operation: JsonPatchOperation): unknown {
  if (Object.hasOwn(operation, 'value')) return operation.value;
  throw new JsonPatchError(`operation ${operation.op} ${operation.path} has no value`);
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

function locate(root: { document: unknown }, pointer: string): Place {
  if (pointer !== '' && !pointer.startsWith('/')) {
    throw new JsonPatchError(`pointer ${JSON.stringify(pointer)} does not start with '/'`);
  }
  const tokens = pointer
    .split('/')
    .slice(1)
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
  const token = tokens.pop();
  if (token === undefined) return { container: root, token: 'document' };
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
