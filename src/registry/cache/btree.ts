// A copy-on-write B-tree keyed by string: O(1) snapshots, ascending ranges, counts in O(log n).
import { compareKeys } from '../../storage/ordered-keys.ts';

const maxWidth = 32;
const minWidth = maxWidth / 4;

interface Leaf<V> {
  readonly leaf: true;
  owner: object;
  readonly keys: string[];
  readonly values: V[];
}

interface Branch<V> {
  readonly leaf: false;
  owner: object;
  /** `keys[i]` is not above any key of `children[i]` and above all of `children[i - 1]`. */
  readonly keys: string[];
  readonly children: Node<V>[];
  count: number;
}

type Node<V> = Leaf<V> | Branch<V>;

/** Index of the first key that is not below `key`. */
function lowerBound(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareKeys(keys[middle] as string, key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Index of the child that holds `key` if any does. */
function childFor(keys: readonly string[], key: string): number {
  const at = lowerBound(keys, key);
  return keys[at] === key ? at : Math.max(0, at - 1);
}

function sizeOf<V>(node: Node<V>): number {
  return node.leaf ? node.keys.length : node.count;
}

function widthOf<V>(node: Node<V>): number {
  return node.keys.length;
}

/** How many keys under `node` are below `key`. */
function rank<V>(node: Node<V>, key: string): number {
  let below = 0;
  let current = node;
  while (!current.leaf) {
    const at = childFor(current.keys, key);
    for (let i = 0; i < at; i++) below += sizeOf(current.children[i] as Node<V>);
    current = current.children[at] as Node<V>;
  }
  return below + lowerBound(current.keys, key);
}

/** An immutable state of a tree. */
export class BTreeView<V> {
  readonly #root: Node<V>;
  constructor(root: Node<V>) {
    this.#root = root;
  }

  get size(): number {
    return sizeOf(this.#root);
  }

  get(key: string): V | undefined {
    return find(this.#root, key);
  }

  /** Values in ascending order of their keys that start with `prefix`, from `from` (inclusive). */
  range(prefix: string, from: string = prefix): IterableIterator<V> {
    return walk(this.#root, prefix, compareKeys(from, prefix) < 0 ? prefix : from);
  }

  /** How many keys start with `prefix` and are not below `from`. */
  count(prefix: string, from: string = prefix): number {
    const start = compareKeys(from, prefix) < 0 ? prefix : from;
    // U+10FFFF is above all that a key can go on with after the prefix.
    const end = rank(this.#root, `${prefix}\u{10ffff}\u{10ffff}`);
    return Math.max(0, end - rank(this.#root, start));
  }

  /** A tree that starts from this state and leaves it as it is. */
  edit(): BTree<V> {
    return new BTree(this.#root);
  }
}

function find<V>(root: Node<V>, key: string): V | undefined {
  let node = root;
  while (!node.leaf) node = node.children[childFor(node.keys, key)] as Node<V>;
  const at = lowerBound(node.keys, key);
  return node.keys[at] === key ? node.values[at] : undefined;
}

function* walk<V>(root: Node<V>, prefix: string, from: string): IterableIterator<V> {
  const path: { node: Branch<V>; at: number }[] = [];
  let node = root;
  while (!node.leaf) {
    const at = childFor(node.keys, from);
    path.push({ node, at });
    node = node.children[at] as Node<V>;
  }
  let at = lowerBound(node.keys, from);
  for (;;) {
    for (; at < node.keys.length; at++) {
      if (!(node.keys[at] as string).startsWith(prefix)) return;
      yield node.values[at] as V;
    }
    let step = path.at(-1);
    while (step !== undefined && step.at + 1 >= step.node.children.length) {
      path.pop();
      step = path.at(-1);
    }
    if (step === undefined) return;
    step.at++;
    let next = step.node.children[step.at] as Node<V>;
    while (!next.leaf) {
      path.push({ node: next, at: 0 });
      next = next.children[0] as Node<V>;
    }
    node = next;
    at = 0;
  }
}

/**
 * The mutable end. Nodes carry the edit they were made in; a write copies the nodes on its path
 * that a snapshot may share and changes the others in place.
 */
export class BTree<V> {
  #root: Node<V>;
  #owner: object = {};

  constructor(root?: Node<V>) {
    this.#root = root ?? { leaf: true, owner: this.#owner, keys: [], values: [] };
  }

  get size(): number {
    return sizeOf(this.#root);
  }

  get(key: string): V | undefined {
    return find(this.#root, key);
  }

  /** The present state; later writes do not show in it. */
  snapshot(): BTreeView<V> {
    this.#owner = {};
    return new BTreeView(this.#root);
  }

  /** Sets `key` and returns what stood there. */
  set(key: string, value: V): V | undefined {
    const root = this.#own(this.#root);
    this.#root = root;
    const previous = this.#set(root, key, value);
    if (widthOf(root) > maxWidth) {
      const right = this.#split(root);
      const keys = [root.keys[0] as string, right.keys[0] as string];
      const count = sizeOf(root) + sizeOf(right);
      this.#root = { leaf: false, owner: this.#owner, keys, children: [root, right], count };
    }
    return previous;
  }

  /** Removes `key` and returns what stood there. */
  delete(key: string): V | undefined {
    const previous = find(this.#root, key);
    if (previous === undefined) return undefined;
    let root = this.#own(this.#root);
    this.#delete(root, key);
    while (!root.leaf && root.children.length === 1) root = root.children[0] as Node<V>;
    this.#root = root;
    return previous;
  }

  #own(node: Node<V>): Node<V> {
    if (node.owner === this.#owner) return node;
    const owner = this.#owner;
    if (node.leaf) return { leaf: true, owner, keys: [...node.keys], values: [...node.values] };
    const { keys, children, count } = node;
    return { leaf: false, owner, keys: [...keys], children: [...children], count };
  }

  #ownChild(branch: Branch<V>, at: number): Node<V> {
    const child = this.#own(branch.children[at] as Node<V>);
    branch.children[at] = child;
    return child;
  }

  #set(node: Node<V>, key: string, value: V): V | undefined {
    if (node.leaf) {
      const at = lowerBound(node.keys, key);
      if (node.keys[at] === key) {
        const previous = node.values[at];
        node.values[at] = value;
        return previous;
      }
      node.keys.splice(at, 0, key);
      node.values.splice(at, 0, value);
      return undefined;
    }
    const at = childFor(node.keys, key);
    const child = this.#ownChild(node, at);
    const before = sizeOf(child);
    const previous = this.#set(child, key, value);
    node.count += sizeOf(child) - before;
    if (compareKeys(key, node.keys[at] as string) < 0) node.keys[at] = key;
    if (widthOf(child) > maxWidth) {
      const right = this.#split(child);
      node.keys.splice(at + 1, 0, right.keys[0] as string);
      node.children.splice(at + 1, 0, right);
    }
    return previous;
  }

  /** Moves the upper half of `node` into a new one. */
  #split(node: Node<V>): Node<V> {
    const half = widthOf(node) >>> 1;
    const owner = this.#owner;
    const keys = node.keys.splice(half);
    if (node.leaf) return { leaf: true, owner, keys, values: node.values.splice(half) };
    const children = node.children.splice(half);
    const count = children.reduce((sum, child) => sum + sizeOf(child), 0);
    node.count -= count;
    return { leaf: false, owner, keys, children, count };
  }

  #delete(node: Node<V>, key: string): void {
    if (node.leaf) {
      const at = lowerBound(node.keys, key);
      node.keys.splice(at, 1);
      node.values.splice(at, 1);
      return;
    }
    const at = childFor(node.keys, key);
    const child = this.#ownChild(node, at);
    this.#delete(child, key);
    node.count--;
    if (widthOf(child) < minWidth && node.children.length > 1) {
      this.#merge(node, at === 0 ? 0 : at - 1);
    }
  }

  /** Joins children `at` and `at + 1`, and splits them again when they are too many for one. */
  #merge(branch: Branch<V>, at: number): void {
    const left = this.#ownChild(branch, at);
    const right = branch.children[at + 1] as Node<V>;
    left.keys.push(...right.keys);
    if (left.leaf && right.leaf) left.values.push(...right.values);
    if (!left.leaf && !right.leaf) {
      left.children.push(...right.children);
      left.count += right.count;
    }
    branch.keys.splice(at + 1, 1);
    branch.children.splice(at + 1, 1);
    if (widthOf(left) > maxWidth) {
      const next = this.#split(left);
      branch.keys.splice(at + 1, 0, next.keys[0] as string);
      branch.children.splice(at + 1, 0, next);
    }
  }
}
