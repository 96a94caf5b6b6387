// Accept and other headers: what clients send, and what none should.
import type { Dice } from './dice.ts';

const table = 'application/json;as=Table;v=v1;g=meta.k8s.io';
const accepts = [
  'application/yaml',
  'application/vnd.kubernetes.protobuf',
  'application/vnd.kubernetes.protobuf;stream=watch',
  'application/vnd.kubernetes.protobuf,application/json',
  'application/json;stream=watch',
  table,
  `${table},application/json`,
  'application/json;as=Table;v=v1beta1;g=meta.k8s.io',
  'application/json;as=Table;v=v9;g=meta.k8s.io',
  'application/vnd.kubernetes.protobuf;as=Table;v=v1;g=meta.k8s.io',
  'application/yaml;as=Table;v=v1;g=meta.k8s.io',
  'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io',
  'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io',
  'application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;v=v1;g=meta.k8s.io',
  'application/vnd.kubernetes.protobuf;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io',
  'application/json;as=Pod;v=v1;g=',
  'application/json;as=',
  'application/cbor',
  'application/cbor-seq',
  '*/*',
  'application/*',
  'text/html',
  'text/plain;q=0.5,*/*;q=0.1',
  'application/json;q=0',
  'application/json;q=x',
  ',',
  ';',
  '',
  `${'application/x,'.repeat(300)}application/json`,
] as const;

export function acceptHeader(dice: Dice): Readonly<Record<string, string>> {
  if (dice.chance(0.05)) return {};
  return { accept: dice.chance(0.8) ? 'application/json' : dice.pick(accepts) };
}

/** Seldom any: each has its own ways to be wrong. */
export function moreHeaders(dice: Dice): Readonly<Record<string, string>> {
  if (!dice.chance(0.05)) return {};
  return dice.pick<Readonly<Record<string, string>>>([
    { 'accept-encoding': 'gzip' },
    { 'accept-encoding': 'br, gzip;q=0, x' },
    { 'content-encoding': 'gzip' },
    { 'user-agent': '' },
    { 'user-agent': 'x'.repeat(2000) },
    { 'impersonate-user': '' },
    { 'impersonate-user': 'fuzz' },
    { 'impersonate-group': 'system:masters' },
    { 'impersonate-uid': 'x' },
    { 'impersonate-user': 'fuzz', 'impersonate-extra-%zz': 'x' },
    { 'impersonate-user': 'system:serviceaccount:a:b:c' },
    { authorization: 'Bearer ' },
    { authorization: 'Bearer a.b.c' },
    { authorization: 'Basic !!' },
    { 'x-forwarded-for': '1.2.3.4, x' },
    { 'audit-id': 'x'.repeat(500) },
    { traceparent: 'x' },
    { 'if-none-match': '*' },
    { 'if-match': '"x"' },
    { range: 'bytes=0-1' },
    { expect: 'x' },
    { origin: 'null' },
    { connection: 'close' },
    { host: 'x' },
    { te: 'trailers' },
  ]);
}
