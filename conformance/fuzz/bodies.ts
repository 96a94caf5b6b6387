// Puts objects into bytes: JSON, YAML, protobuf and CBOR, each at times broken or wrongly labelled.
import { stringify } from 'yaml';
import type { Dice } from './dice.ts';
import { type JsonObject, toText } from './json.ts';
import { mutateBytes, mutateText } from './mutate.ts';

export interface Body {
  readonly contentType: string;
  readonly bytes: Buffer;
}

export const protobufType = 'application/vnd.kubernetes.protobuf';
const magic = Buffer.from([0x6b, 0x38, 0x73, 0]);
/** A little over what a server takes. */
const tooManyBytes = 3 * 1024 * 1024 + 16;

const oddTypes = [
  '',
  'text/plain',
  'application/octet-stream',
  'application/json;charset=utf-16',
  'application/json; charset=utf-8',
  'application/json;stream=watch',
  'application/json;as=Table;v=v1;g=meta.k8s.io',
  'APPLICATION/JSON',
  'application/json, application/yaml',
  'application/*',
  '*/*',
  ';',
  'application/json;;=',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'application/apply-patch+yaml',
  'application/merge-patch+json',
  'application/cbor',
  'application/cbor-seq',
  protobufType,
  `${protobufType};stream=watch`,
] as const;

const oddYaml = [
  'a: &a [*a]',
  'a: &a ["x","x","x"]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c]',
  '<<: {kind: Pod}\napiVersion: v1',
  '--- {}\n--- {}',
  '%YAML 1.2\n---\n{}',
  'kind: !!binary YQ==',
  'kind: !!js/function x',
  '? [a, b]\n: c',
  '{a: 1, a: 2}',
  'a:\n\tb: c',
  '"',
  '- - - - -',
  '1: 2\ntrue: false\nnull: 0',
  'a: .nan\nb: .inf\nc: 0o17\nd: 0x1F\ne: 1_000\nf: 12:30:45\ng: 2026-01-01\nh: yes',
  '# nothing',
  '',
] as const;

/** @param served an object of the kind in protobuf, as the server gave it */
export function encodeBody(dice: Dice, object: JsonObject, served: Buffer | undefined): Body {
  const text = toText(object);
  const json = (contentType: string) => ({ contentType, bytes: spoil(dice, text, 0.12) });
  return dice.weigh<() => Body>(
    [70, () => json('application/json')],
    [6, () => json('application/yaml')],
    [4, () => ({ contentType: 'application/yaml', bytes: yamlOf(dice, object) })],
    [12, () => protobufBody(dice, text, served)],
    [1, () => ({ contentType: 'application/cbor', bytes: cborOf(dice, text) })],
    [4, () => json(dice.pick(oddTypes))],
    [0.1, () => ({ contentType: 'application/json', bytes: padded(text) })],
    [1, () => ({ contentType: 'application/json', bytes: mutateBytes(dice, dice.bytes(20)) })],
    [1, () => ({ contentType: 'application/json', bytes: Buffer.alloc(0) })],
  )();
}

/** The text as bytes; broken by chance. */
export function spoil(dice: Dice, text: string, chance: number): Buffer {
  return dice.chance(chance) ? mutateText(dice, text) : Buffer.from(text);
}

function yamlOf(dice: Dice, object: JsonObject): Buffer {
  if (dice.chance(0.3)) return Buffer.from(dice.pick(oddYaml));
  return spoil(dice, stringify(object), 0.3);
}

function protobufBody(dice: Dice, text: string, served: Buffer | undefined): Body {
  const bytes = dice.weigh<() => Buffer>(
    [8, () => (served === undefined ? dice.bytes(40) : mutateBytes(dice, served))],
    [1, () => served ?? Buffer.alloc(0)],
    [1, () => Buffer.concat([magic, dice.bytes(dice.below(60))])],
    [0.5, () => dice.bytes(dice.below(60))],
    [0.5, () => Buffer.from(text)],
    [0.5, () => nestedGroups(dice)],
  )();
  return { contentType: protobufType, bytes };
}

/** Starts of groups, or length-delimited fields in each other, many deep. */
function nestedGroups(dice: Dice): Buffer {
  const depth = 1 << dice.below(15);
  if (dice.chance(0.5)) return Buffer.concat([magic, Buffer.alloc(depth, 0x0b)]);
  return Buffer.concat([magic, Buffer.from([0x12, 0xff, 0xff, 0x03]), Buffer.alloc(depth, 0x12)]);
}

function cborOf(dice: Dice, text: string): Buffer {
  const selfDescribed = Buffer.from([0xd9, 0xd9, 0xf7]);
  return Buffer.concat([selfDescribed, dice.chance(0.5) ? dice.bytes(30) : Buffer.from(text)]);
}

function padded(text: string): Buffer {
  return Buffer.concat([Buffer.from(text), Buffer.alloc(tooManyBytes, 0x20)]);
}
