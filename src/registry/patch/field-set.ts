// Sets of field paths and their algebra, held in the form of FieldsV1 itself.
// https://github.com/kubernetes-sigs/structured-merge-diff (fieldpath)

/**
 * A set of field paths as a trie. Keys are path elements: `f:name`, `k:{"name":"a"}`, `v:"a"`,
 * `i:0`. A node without keys, or with a key `.`, is a member itself; the root never is, so that
 * `{}` is the empty set. This is what FieldsV1 looks like on the wire: a stored set costs no
 * decoding, and an unchanged one no encoding.
 */
export interface FieldSet {
  readonly [element: string]: FieldSet;
}

/** A set that is being filled. */
export interface GrowingSet {
  [element: string]: GrowingSet;
}

const member: FieldSet = Object.freeze({});
export const emptySet: FieldSet = member;

export function isEmptySet(set: FieldSet): boolean {
  for (const _ in set) return false;
  return true;
}

function isMember(node: FieldSet): boolean {
  return node['.'] !== undefined || isEmptySet(node);
}

/** Whether the root of `set` holds the one-element path. */
export function hasElement(set: FieldSet, element: string): boolean {
  const node = set[element];
  return node !== undefined && isMember(node);
}

/** Everything below `element`, as a set of its own. */
export function below(set: FieldSet, element: string): FieldSet {
  const node = set[element];
  if (node === undefined) return emptySet;
  if (node['.'] === undefined) return node;
  const { '.': _, ...children } = node;
  return children;
}

/** Adds a path to a set. */
export function insertPath(set: GrowingSet, path: readonly string[]): void {
  let node = set;
  let isNew = true;
  for (const [depth, element] of path.entries()) {
    let child = node[element];
    if (depth > 0 && !isNew && isEmptySet(node)) node['.'] = {};
    isNew = child === undefined;
    if (child === undefined) {
      child = {};
      node[element] = child;
    }
    node = child;
  }
  if (!isNew && !isEmptySet(node)) node['.'] = {};
}

/** A set of the given paths. */
export function setOf(paths: Iterable<readonly string[]>): FieldSet {
  const set: GrowingSet = {};
  for (const path of paths) insertPath(set, path);
  return set;
}

export function union(a: FieldSet, b: FieldSet): FieldSet {
  if (a === b || isEmptySet(b)) return a;
  if (isEmptySet(a)) return b;
  let out: Record<string, FieldSet> | undefined;
  for (const element in b) {
    const theirs = b[element];
    if (theirs === undefined) continue;
    const ours = a[element];
    const both = ours === undefined ? theirs : unionOfNodes(ours, theirs);
    if (both === ours) continue;
    out ??= { ...a };
    out[element] = both;
  }
  return out ?? a;
}

function unionOfNodes(a: FieldSet, b: FieldSet): FieldSet {
  if (isEmptySet(a)) return withMember(b);
  if (isEmptySet(b)) return withMember(a);
  return union(a, b);
}

function withMember(node: FieldSet): FieldSet {
  return isMember(node) ? node : { '.': member, ...node };
}

/** The node with these children, a member or not; undefined when it would stand for nothing. */
function nodeOf(children: Record<string, FieldSet>, held: boolean): FieldSet | undefined {
  if (isEmptySet(children)) return held ? member : undefined;
  return held ? { '.': member, ...children } : children;
}

export function intersection(a: FieldSet, b: FieldSet): FieldSet {
  const out: Record<string, FieldSet> = {};
  for (const element in a) {
    const ours = a[element];
    const theirs = b[element];
    if (element === '.' || ours === undefined || theirs === undefined) continue;
    const node = nodeOf(intersection(ours, theirs), isMember(ours) && isMember(theirs));
    if (node !== undefined) out[element] = node;
  }
  return out;
}

/** The members of `a` that are no members of `b`; returns `a` itself when nothing goes. */
export function difference(a: FieldSet, b: FieldSet): FieldSet {
  return subtract(a, b, false);
}

/** `a` without the members of `b` and everything below them. */
export function recursiveDifference(a: FieldSet, b: FieldSet): FieldSet {
  return subtract(a, b, true);
}

/** The remaining children of a node (with its `.`, if any, left to the caller). */
function subtract(a: FieldSet, b: FieldSet, recursive: boolean): FieldSet {
  let out: Record<string, FieldSet> | undefined;
  for (const element in b) {
    const ours = a[element];
    const theirs = b[element];
    if (element === '.' || ours === undefined || theirs === undefined) continue;
    const left = subtractNode(ours, theirs, recursive);
    if (left === ours) continue;
    out ??= { ...a };
    if (left === undefined) delete out[element];
    else out[element] = left;
  }
  return out ?? a;
}

function subtractNode(a: FieldSet, b: FieldSet, recursive: boolean): FieldSet | undefined {
  const goes = isMember(b);
  if (goes && recursive) return undefined;
  const children = subtract(a, b, recursive);
  if (!goes || !isMember(a)) {
    if (children === a) return a;
    const { '.': held, ...rest } = children;
    return nodeOf(rest, held !== undefined);
  }
  const { '.': _, ...rest } = children;
  return nodeOf(rest, false);
}
