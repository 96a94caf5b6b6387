// Label and field selectors: their text forms, metav1.LabelSelector, and what they match.

import { labelKeyErrors, labelValueErrors } from './label-syntax.ts';
import type { LabelSelector } from './objects.ts';
import { readTokens, type Token } from './selector-lexer.ts';
import { badRequest } from './status.ts';

/** Labels of an object; absent means none. */
export type Labels = Readonly<Record<string, string>> | undefined;

/** Says whether labels are selected. */
export type LabelMatcher = (labels: Labels) => boolean;

export type LabelOperator = '=' | '==' | '!=' | 'in' | 'notin' | 'exists' | '!' | 'gt' | 'lt';

/** One term; all terms of a selector must hold. Values are sorted and distinct. */
export interface LabelRequirement {
  readonly key: string;
  readonly operator: LabelOperator;
  readonly values: readonly string[];
}

const binaryOperators = 'in, notin, =, ==, !=, gt, lt';
const exactOperators: Readonly<Record<string, LabelOperator>> = {
  '=': '=',
  '==': '==',
  '!=': '!=',
  '>': 'gt',
  '<': 'lt',
};

/**
 * Parses `a=b,c in (d,e),!f`. Empty text selects everything.
 *
 * @throws StatusError 400 with the words of apimachinery's `labels.Parse`
 */
export function parseLabelSelector(text: string): readonly LabelRequirement[] {
  const tokens = readTokens(text);
  const requirements: LabelRequirement[] = [];
  let at = 0;
  const peek = (): Token => tokens[at] ?? { kind: 'end', text: '' };
  const take = (): Token => {
    const token = peek();
    at++;
    return token;
  };
  for (;;) {
    const first = peek();
    if (first.kind === 'end') return requirements;
    if (!isName(first) && first.text !== '!') {
      throw badRequest(`found '${first.text}', expected: !, identifier, or 'end of string'`);
    }
    requirements.push(parseRequirement(peek, take));
    const next = take();
    if (next.kind === 'end') return requirements;
    if (next.text !== ',') {
      throw badRequest(`found '${next.text}', expected: ',' or 'end of string'`);
    }
    const following = peek();
    if (!isName(following) && following.text !== '!') {
      throw badRequest(`found '${following.text}', expected: identifier after ','`);
    }
  }
}

/** Where no operator can stand, `in` and `notin` are names like any other. */
function isName(token: Token): boolean {
  return token.kind === 'name' || token.kind === 'keyword';
}

function unparsable(why: string): Error {
  return badRequest(`unable to parse requirement: ${why}`);
}

function parseRequirement(peek: () => Token, take: () => Token): LabelRequirement {
  let token = take();
  const absent = token.text === '!' && token.kind === 'symbol';
  if (absent) token = take();
  if (!isName(token)) throw unparsable(`found '${token.text}', expected: identifier`);
  const key = token.text;
  const keyErrors = labelKeyErrors(key);
  if (keyErrors.length > 0) {
    throw unparsable(`<nil>: Invalid value: ${JSON.stringify(key)}: ${keyErrors.join('; ')}`);
  }
  if (absent) return { key, operator: '!', values: [] };
  const next = peek();
  if (next.kind === 'end' || (next.kind === 'symbol' && next.text === ',')) {
    return { key, operator: 'exists', values: [] };
  }
  const operatorToken = take();
  const exact = operatorToken.kind === 'symbol' ? exactOperators[operatorToken.text] : undefined;
  if (exact === undefined && operatorToken.kind !== 'keyword') {
    throw unparsable(`found '${operatorToken.text}', expected: ${binaryOperators}`);
  }
  const operator = exact ?? (operatorToken.text === 'in' ? 'in' : 'notin');
  const values = exact === undefined ? parseValues(peek, take) : [parseExactValue(peek, take)];
  checkValues(key, operator, values);
  return { key, operator, values };
}

function parseExactValue(peek: () => Token, take: () => Token): string {
  const next = peek();
  if (next.kind === 'end' || (next.kind === 'symbol' && next.text === ',')) return '';
  const token = take();
  if (!isName(token)) throw unparsable(`found '${token.text}', expected: identifier`);
  return token.text;
}

function parseValues(peek: () => Token, take: () => Token): readonly string[] {
  const open = take();
  if (open.text !== '(') throw unparsable(`found '${open.text}' expected: '('`);
  const first = peek();
  if (first.text === ')') {
    take();
    return [];
  }
  if (!isName(first) && first.text !== ',') {
    throw unparsable(`found '${first.text}', expected: ',', ')' or identifier`);
  }
  // A missing name between commas or at either end stands for the empty value.
  const values = new Set<string>();
  for (;;) {
    const next = peek();
    if (isName(next)) values.add(take().text);
    else if (next.text === ',' || next.text === ')') values.add('');
    else throw unparsable(`found '${next.text}', expected: ',', or identifier`);
    const after = take();
    if (after.text === ')') return [...values].sort();
    if (after.text !== ',') throw unparsable(`found '${after.text}', expected: ',' or ')'`);
  }
}

function checkValues(key: string, operator: LabelOperator, values: readonly string[]): void {
  if ((operator === 'in' || operator === 'notin') && values.length === 0) {
    const why = "for 'in', 'notin' operators, values set can't be empty";
    throw unparsable(`values: Invalid value: []: ${why}`);
  }
  for (const [index, value] of values.entries()) {
    if ((operator === 'gt' || operator === 'lt') && !/^[-+]?\d+$/.test(value)) {
      const why = "for 'Gt', 'Lt' operators, the value must be an integer";
      throw unparsable(`values[${index}]: Invalid value: ${JSON.stringify(value)}: ${why}`);
    }
    const errors = labelValueErrors(value);
    if (errors.length > 0) {
      const at = `values[${index}][${key}]`;
      throw unparsable(`${at}: Invalid value: ${JSON.stringify(value)}: ${errors.join('; ')}`);
    }
  }
}

/** Compiles requirements into one function; undefined when there are none (all match). */
export function compileLabelSelector(
  requirements: readonly LabelRequirement[],
): LabelMatcher | undefined {
  const tests = requirements.map(compileRequirement);
  const [only] = tests;
  if (tests.length <= 1) return only;
  return (labels) => tests.every((test) => test(labels));
}

function compileRequirement({ key, operator, values }: LabelRequirement): LabelMatcher {
  const [first = ''] = values;
  const wanted = new Set(values);
  // A label named like a member of Object.prototype must not be found there.
  const lookUp = (labels: Labels) =>
    labels !== undefined && Object.hasOwn(labels, key) ? labels[key] : undefined;
  switch (operator) {
    case '=':
    case '==':
      return (labels) => lookUp(labels) === first;
    case '!=':
      return (labels) => lookUp(labels) !== first;
    case 'in':
      return (labels) => wanted.has(lookUp(labels) ?? '\0');
    case 'notin':
      return (labels) => !wanted.has(lookUp(labels) ?? '\0');
    case 'exists':
      return (labels) => lookUp(labels) !== undefined;
    case '!':
      return (labels) => lookUp(labels) === undefined;
    case 'gt':
    case 'lt':
      return (labels) => compareIntegers(lookUp(labels), operator, first);
  }
}

function compareIntegers(value: string | undefined, operator: 'gt' | 'lt', limit: string): boolean {
  if (value === undefined || !/^[-+]?\d+$/.test(value)) return false;
  const left = BigInt(value.replace('+', ''));
  const right = BigInt(limit.replace('+', ''));
  return operator === 'gt' ? left > right : left < right;
}

const expressionOperators: Readonly<Record<string, LabelOperator>> = {
  In: 'in',
  NotIn: 'notin',
  Exists: 'exists',
  DoesNotExist: '!',
};

/**
 * The requirements of a metav1.LabelSelector, sorted by key as upstream sorts them.
 *
 * @throws StatusError 400 for an operator that does not exist
 */
export function labelSelectorRequirements(selector: LabelSelector): readonly LabelRequirement[] {
  const requirements: LabelRequirement[] = Object.entries(selector.matchLabels ?? {}).map(
    ([key, value]) => ({ key, operator: '=', values: [value] }),
  );
  for (const expression of selector.matchExpressions ?? []) {
    const operator = expressionOperators[expression.operator];
    if (operator === undefined) {
      throw badRequest(
        `${JSON.stringify(expression.operator)} is not a valid label selector operator`,
      );
    }
    const values = [...new Set(expression.values ?? [])].sort();
    requirements.push({ key: expression.key, operator, values });
  }
  return requirements.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
}

/** A function for a metav1.LabelSelector: an absent one matches nothing, an empty one all. */
export function labelSelectorMatcher(selector: LabelSelector | null | undefined): LabelMatcher {
  if (selector === undefined || selector === null) return () => false;
  return compileLabelSelector(labelSelectorRequirements(selector)) ?? (() => true);
}

/** Requirements in the form that `parseLabelSelector` reads (Scale's status.selector). */
export function formatLabelSelector(requirements: readonly LabelRequirement[]): string {
  return requirements.map(formatRequirement).join(',');
}

function formatRequirement({ key, operator, values }: LabelRequirement): string {
  switch (operator) {
    case 'exists':
      return key;
    case '!':
      return `!${key}`;
    case 'in':
    case 'notin':
      return `${key} ${operator} (${values.join(',')})`;
    case 'gt':
      return `${key}>${values.join()}`;
    case 'lt':
      return `${key}<${values.join()}`;
    default:
      return `${key}${operator}${values.join()}`;
  }
}
