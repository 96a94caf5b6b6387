// Parses Accept headers into choices, in the order that upstream considers them.
// https://github.com/munnerz/goautoneg

export interface AcceptClause {
  readonly type: string;
  readonly subtype: string;
  readonly quality: number;
  readonly parameters: ReadonlyMap<string, string>;
}

const noParameters: ReadonlyMap<string, string> = new Map();

/** Choices that are no media types are passed over; a quality that is no number is 0. */
export function parseAccept(header: string): readonly AcceptClause[] {
  const clauses: AcceptClause[] = [];
  for (const part of header.split(',')) {
    const clause = parseClause(part);
    if (clause !== undefined) insert(clauses, clause);
  }
  return clauses;
}

function parseClause(part: string): AcceptClause | undefined {
  const [range = '', ...rest] = part.split(';');
  const [type = '', subtype, more] = range.split('/');
  const isAny = type.trim() === '*' && (subtype ?? '') === '';
  if (more !== undefined || (!isAny && (subtype ?? '') === '')) return undefined;
  const clause = { type: type.trim(), subtype: isAny ? '*' : (subtype ?? '').trim(), quality: 1 };
  if (rest.length === 0) return { ...clause, parameters: noParameters };
  const parameters = new Map<string, string>();
  let { quality } = clause;
  for (const parameter of rest) {
    const [name = '', value = '', tooMuch] = parameter.split('=');
    if (value === '' || tooMuch !== undefined) continue;
    if (name.trim() === 'q') quality = Number.isNaN(Number(value)) ? 0 : Number(value);
    else parameters.set(name.trim(), value.trim());
  }
  return { ...clause, quality, parameters };
}

/** Upstream's order is none: it depends on the sort, which for so few is by insertion. */
function comesBefore(a: AcceptClause, b: AcceptClause): boolean {
  if (a.quality > b.quality) return true;
  if (a.type !== '*' && b.type === '*') return true;
  return a.subtype !== '*' && b.subtype === '*';
}

function insert(clauses: AcceptClause[], clause: AcceptClause): void {
  let at = clauses.length;
  for (let before = clauses[at - 1]; before !== undefined; before = clauses[at - 1]) {
    if (!comesBefore(clause, before)) break;
    at--;
  }
  clauses.splice(at, 0, clause);
}
