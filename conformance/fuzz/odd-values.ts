// What does not belong: values, texts and keys that have broken servers before.
import type { Dice } from './dice.ts';
import { type Json, raw } from './json.ts';

export const oddKeys = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'then',
  'toJSON',
  'length',
  '',
  ' ',
  '.',
  '/',
  '~',
  '$patch',
  '$retainKeys',
  '$setElementOrder/containers',
  '$deleteFromPrimitiveList/finalizers',
  'f:metadata',
  'k:{"name":"x"}',
  '.',
  'metadata',
  'kind',
  'Kind',
  'apiVersion',
  'SPEC',
  'ünïcödé',
  'a'.repeat(300),
] as const;

const oddTexts = [
  '',
  ' ',
  '\u0000',
  '\n',
  '..',
  '../../etc/passwd',
  '/',
  'a/b',
  'a/b/c',
  '-',
  '-a',
  'a-',
  'A',
  'a_b',
  'a b',
  'ünïcödé',
  '\u202e\u200b',
  '𝒳😀',
  '\ud800',
  '%s%n%d',
  '$(HOME)',
  '$$(X)',
  '{{.}}',
  '{.metadata.name}',
  '*',
  '*.',
  '0',
  '-1',
  '1e3',
  'null',
  'true',
  '[]',
  '{}',
  '__proto__',
  'constructor',
  'toString',
  '1.2.3.4',
  '999.1.1.1',
  '::',
  '::ffff:1.2.3.4',
  '010.0.0.1',
  'fe80::1%eth0',
  '10.0.0.0/33',
  '10.0.0.1/8',
  '1Gi',
  '1.5Gi',
  '1e-9',
  '1e99999',
  '-1m',
  '9223372036854775808',
  '0.0000000001',
  '1mi',
  '+5',
  '.5',
  '5.',
  '1h',
  '1h1',
  '-1h',
  '1y',
  '9999999999999h',
  '2020-01-01T00:00:00Z',
  '2020-13-45T99:99:99Z',
  '0000-00-00T00:00:00Z',
  '9999-12-31T23:59:59.999999999Z',
  '2020-01-01T00:00:00+25:00',
  '10000-01-01T00:00:00Z',
  '2020-01-01',
  '50%',
  '-5%',
  '101%',
  '%',
  'http',
  'http://[',
  'self.x',
  'self.metadata.name == "a"',
  'object.spec.replicas <= 5 && ',
  '"'.repeat(20),
  '*/5 * * * *',
  '@every 1s',
  '99 99 99 99 99',
  'TZ=Mars/Phobos * * * * *',
  'sha256:abc',
  'busybox:1.35@sha256:zz',
  '====',
  'YQ',
  'YQ==',
  'a'.repeat(64),
  'a'.repeat(254),
] as const;

/** Numbers as texts, because JSON's grammar has more of them than JavaScript. */
const oddNumbers = [
  '0',
  '-0',
  '-1',
  '1',
  '0.5',
  '1.0',
  '1e3',
  '1E+2',
  '-0.0',
  '1e400',
  '-1e400',
  '1e-400',
  '65535',
  '65536',
  '2147483647',
  '2147483648',
  '-2147483649',
  '4294967296',
  '9007199254740993',
  '9223372036854775807',
  '9223372036854775808',
  '-9223372036854775808',
  '-9223372036854775809',
  '18446744073709551616',
  '123456789012345678901234567890',
] as const;

/** Texts that are no JSON at all where a value is expected. */
const brokenTokens = ['NaN', 'Infinity', '-', '01', '+1', '1.', '.1', '0x10', "'a'", 'undefinedX'];

export function oddText(dice: Dice): string {
  if (dice.chance(0.03)) return dice.pick(['a', 'ä', '/', '.', '{']).repeat(1 << dice.below(17));
  return dice.pick(oddTexts);
}

export function oddNumber(dice: Dice): string {
  return dice.pick(oddNumbers);
}

/** Any value at all; seldom one that breaks the whole text it stands in. */
export function oddValue(dice: Dice): Json {
  return dice.weigh<() => Json>(
    [3, () => null],
    [6, () => oddText(dice)],
    [4, () => raw(oddNumber(dice))],
    [1, () => dice.chance(0.5)],
    [1, () => []],
    [1, () => ({})],
    [1, () => [null]],
    [1, () => [[]]],
    [1, () => [oddText(dice), oddText(dice)]],
    [1, () => ({ [dice.pick(oddKeys)]: oddText(dice) })],
    [0.3, () => nested(dice)],
    [0.3, () => Array.from({ length: 1 << dice.below(11) }, () => 'x')],
    [0.2, () => raw(dice.pick(brokenTokens))],
  )();
}

function nested(dice: Dice): Json {
  const depth = 1 << (4 + dice.below(12));
  const [open, close] = dice.pick([
    ['[', ']'],
    ['{"a":', '}'],
    ['{"properties":{"a":', '}}'],
    ['[{"items":', '}]'],
  ] as const);
  const inner = open.endsWith(':') ? '1' : '';
  return raw(`${open.repeat(depth)}${inner}${dice.chance(0.1) ? '' : close.repeat(depth)}`);
}
