// Counts open watches, so that a write can be charged for the events it will cause.
import { parseFieldSelector } from '../../registry/cache/selection.ts';
import type { RequestInfo } from '../request-info.ts';

/** Watches that name a value of this field see few of its objects; they are not counted. */
const indexedFields: Readonly<Record<string, string>> = { pods: 'spec.nodeName' };

export class WatchCounts {
  readonly #counts = new Map<string, number>();

  /** Counts a watch; the result forgets it again, once. */
  register(info: RequestInfo): () => void {
    if (isIndexed(info)) return () => undefined;
    const key = keyOf(info, info.namespace, info.name);
    this.#add(key, 1);
    let forgotten = false;
    return () => {
      if (forgotten) return;
      forgotten = true;
      this.#add(key, -1);
    };
  }

  /** How many watches may see what this request writes. */
  interested(info: RequestInfo): number {
    if (this.#counts.size === 0) return 0;
    const { namespace, name } = info;
    let count = this.#counts.get(keyOf(info, '', '')) ?? 0;
    if (namespace !== '') count += this.#counts.get(keyOf(info, namespace, '')) ?? 0;
    if (name !== '') count += this.#counts.get(keyOf(info, namespace, name)) ?? 0;
    return count;
  }

  #add(key: string, amount: number): void {
    const count = (this.#counts.get(key) ?? 0) + amount;
    if (count > 0) this.#counts.set(key, count);
    else this.#counts.delete(key);
  }
}

function keyOf({ group, resource }: RequestInfo, namespace: string, name: string): string {
  return `${group}/${resource}/${namespace}/${name}`;
}

function isIndexed({ resource, query }: RequestInfo): boolean {
  const field = indexedFields[resource];
  const selector = query.get('fieldSelector');
  if (field === undefined || selector === null) return false;
  try {
    return parseFieldSelector(selector).some(
      (each) => each.field === field && each.operator === '=' && each.value !== '',
    );
  } catch {
    return false;
  }
}
