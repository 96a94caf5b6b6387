// One nftables table as data: chains, maps and sets, and the batch that turns one into another.

/** A chain; with a hook it sees packets by itself. */
export interface Chain {
  /** As nft writes it: `type nat hook prerouting priority dstnat; policy accept;`. */
  readonly hook?: string;
  readonly rules: readonly string[];
}

/** A map or set. Elements that packets add (`flags dynamic`) are not listed here. */
export interface Collection {
  readonly kind: 'map' | 'set';
  /** What stands between the braces where it is declared: `type ipv4_addr; flags interval;`. */
  readonly declaration: string;
  /** Key → value (a verdict); a set's values are empty. */
  readonly elements: ReadonlyMap<string, string>;
}

export interface Ruleset {
  readonly family: 'ip' | 'ip6';
  readonly table: string;
  readonly chains: ReadonlyMap<string, Chain>;
  readonly collections: ReadonlyMap<string, Collection>;
}

/** Elements in one command: nft reads a batch line by line. */
const elementsPerCommand = 500;

/** The batch that replaces the whole table, whether it is there or not. */
export function replaceTable(next: Ruleset): string {
  const { family, table } = next;
  const nothing: Ruleset = { family, table, chains: new Map(), collections: new Map() };
  // nft 1.0.6 has no `destroy`: adding before deleting makes the deletion safe either way.
  const lines = [
    `add table ${family} ${table}`,
    `delete table ${family} ${table}`,
    `add table ${family} ${table}`,
  ];
  return `${[...lines, ...changes(nothing, next)].join('\n')}\n`;
}

/** The batch that turns the table from `last` into `next`; empty when they are the same. */
export function updateTable(last: Ruleset, next: Ruleset): string {
  const lines = changes(last, next);
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}

/**
 * Order matters within a transaction: what is referred to must exist first, and what goes must
 * have lost every reference before.
 */
function changes(last: Ruleset, next: Ruleset): string[] {
  const at = `${next.family} ${next.table}`;
  const declared: string[] = [];
  const rules: string[] = [];
  const removed: string[] = [];
  for (const [name, chain] of next.chains) {
    const known = last.chains.get(name);
    if (known !== undefined && sameRules(known, chain)) continue;
    if (known === undefined) {
      declared.push(`add chain ${at} ${name}${chain.hook ? ` { ${chain.hook} }` : ''}`);
    } else {
      rules.push(`flush chain ${at} ${name}`);
    }
    for (const rule of chain.rules) rules.push(`add rule ${at} ${name} ${rule}`);
  }
  const elements = elementChanges(at, last, next, declared);
  const gone = [...last.chains.keys()].filter((name) => !next.chains.has(name));
  for (const name of gone) removed.push(`flush chain ${at} ${name}`);
  for (const name of gone) removed.push(`delete chain ${at} ${name}`);
  for (const [name, { kind }] of last.collections) {
    if (!next.collections.has(name)) removed.push(`delete ${kind} ${at} ${name}`);
  }
  return [...declared, ...rules, ...elements, ...removed];
}

function sameRules(a: Chain, b: Chain): boolean {
  return a.rules.length === b.rules.length && a.rules.every((rule, i) => rule === b.rules[i]);
}

function elementChanges(at: string, last: Ruleset, next: Ruleset, declared: string[]): string[] {
  const lines: string[] = [];
  for (const [name, { kind, declaration, elements }] of next.collections) {
    const known = last.collections.get(name);
    if (known === undefined) declared.push(`add ${kind} ${at} ${name} { ${declaration} }`);
    const dropped: string[] = [];
    const added: string[] = [];
    for (const [key, value] of known?.elements ?? []) {
      if (elements.get(key) !== value) dropped.push(key);
    }
    for (const [key, value] of elements) {
      if (known?.elements.get(key) === value) continue;
      added.push(value === '' ? key : `${key} : ${value}`);
    }
    for (const part of chunks(dropped)) lines.push(`delete element ${at} ${name} { ${part} }`);
    for (const part of chunks(added)) lines.push(`add element ${at} ${name} { ${part} }`);
  }
  return lines;
}

function* chunks(items: readonly string[]): Generator<string> {
  for (let i = 0; i < items.length; i += elementsPerCommand) {
    yield items.slice(i, i + elementsPerCommand).join(', ');
  }
}
