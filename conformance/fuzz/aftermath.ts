// After the storm: what was stored can be read in every form, nothing is still held, all of it goes.

import { type Catalog, collectionPath, getJson, type Target, titleOf } from './catalog.ts';
import { isObject, type Json, type JsonObject } from './json.ts';
import type { Territory } from './territory.ts';
import type { Wire, WireAnswer } from './wire.ts';

const forms = [
  ['JSON', 'application/json'],
  ['YAML', 'application/yaml'],
  ['protobuf', 'application/vnd.kubernetes.protobuf'],
  ['Table', 'application/json;as=Table;v=v1;g=meta.k8s.io'],
  ['metadata', 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io'],
] as const;

interface StoredObject {
  readonly target: Target;
  readonly name: string;
  readonly namespace?: string;
}

/** Lists every kind in every form, and what the fuzzer made also one by one; a line per fault. */
export async function unreadable(
  wire: Wire,
  catalog: Catalog,
  territory: Territory,
): Promise<string[]> {
  const faults: string[] = [];
  const check = async (path: string, accept: string, form: string, one: boolean) => {
    const answer = await wire.send({ method: 'GET', path, headers: { accept } });
    const fault = formFault(answer, form);
    if (fault !== undefined) faults.push(`GET ${path} in ${form}: ${fault}`);
    else if (!one && form === 'JSON') return;
  };
  for (const target of catalog.targets) {
    if (!target.verbs.includes('list')) continue;
    for (const [form, accept] of forms) {
      await check(collectionPath(target, undefined), accept, form, false);
    }
    for (const each of await ours(wire, target, territory)) {
      for (const [form, accept] of forms) {
        if (form !== 'metadata') await check(pathOf(each), accept, form, true);
      }
    }
  }
  return faults;
}

function formFault({ status, body, problem }: WireAnswer, form: string): string | undefined {
  if (status !== 200) return `${problem ?? status} ${body.toString().slice(0, 300)}`;
  if (form === 'protobuf') {
    // Kinds without a protobuf message, such as custom resources, may answer in JSON.
    const first = body.subarray(0, 4).toString('latin1');
    return first === 'k8s\0' || first.startsWith('{') ? undefined : 'no protobuf';
  }
  if (form === 'YAML') return body.length > 0 ? undefined : 'nothing';
  try {
    JSON.parse(body.toString());
    return undefined;
  } catch {
    return 'no JSON';
  }
}

/** What the fuzzer made of a kind and is still there. */
async function ours(wire: Wire, target: Target, territory: Territory): Promise<StoredObject[]> {
  const { items } = await getJson(wire, collectionPath(target, undefined));
  const found: StoredObject[] = [];
  for (const item of Array.isArray(items) ? (items as readonly Json[]) : []) {
    const metadata = isObject(item) ? item.metadata : undefined;
    if (!isObject(metadata)) continue;
    const { name, namespace, labels } = metadata;
    if (typeof name !== 'string') continue;
    const place = { target, name, ...(typeof namespace === 'string' ? { namespace } : {}) };
    const labelled = isObject(labels) && labels[territory.label.key] === territory.label.value;
    const inside = typeof namespace === 'string' && territory.owns(namespace);
    if (inside || (!target.namespaced && (labelled || territory.owns(name)))) found.push(place);
  }
  return found;
}

function pathOf({ target, name, namespace }: StoredObject): string {
  // Names of roles and their bindings may hold nearly anything.
  return `${collectionPath(target, namespace)}/${encodeURIComponent(name)}`;
}

/** Deletes all that the fuzzer made; a line for each thing that does not go. */
export async function undeletable(
  wire: Wire,
  catalog: Catalog,
  territory: Territory,
): Promise<string[]> {
  const kinds = catalog.targets.filter(
    ({ verbs }) => verbs.includes('list') && verbs.includes('delete'),
  );
  const faults: string[] = [];
  const last = kinds.filter(({ resource }) => resource === 'namespaces');
  for (const target of [...kinds.filter((each) => !last.includes(each)), ...last]) {
    faults.push(...(await clearKind(wire, target, territory)));
  }
  return faults;
}

/** Controllers may be at work on the same objects: what is left is tried again. */
const roundsMax = 5;

async function clearKind(wire: Wire, target: Target, territory: Territory): Promise<string[]> {
  let left: StoredObject[] = [];
  const answers = new Map<string, string>();
  for (let round = 0; round < roundsMax; round++) {
    left = await ours(wire, target, territory);
    if (left.length === 0) return [];
    for (const each of left) answers.set(pathOf(each), await remove(wire, each));
  }
  left = await ours(wire, target, territory);
  return left.map((each) => {
    const path = pathOf(each);
    return `${titleOf(target)} ${path} stays: ${answers.get(path) ?? 'made after the fuzzing'}`;
  });
}

async function remove(wire: Wire, each: StoredObject): Promise<string> {
  const path = pathOf(each);
  const send = (method: string, to: string, type: string, body: JsonObject) =>
    wire.send({
      method,
      path: to,
      headers: { accept: 'application/json', 'content-type': type },
      body: Buffer.from(JSON.stringify(body)),
    });
  const patch = 'application/merge-patch+json';
  const freed = await send('PATCH', path, patch, { metadata: { finalizers: null } });
  const options = { gracePeriodSeconds: 0, propagationPolicy: 'Background' };
  const gone = await send('DELETE', path, 'application/json', options);
  if (each.target.resource !== 'namespaces') return `${wordsOf(freed)}; ${wordsOf(gone)}`;
  const current = await wire.send({ method: 'GET', path, headers: {} });
  if (current.status !== 200) return wordsOf(gone);
  const namespace = JSON.parse(current.body.toString()) as JsonObject;
  const done = { ...namespace, spec: { finalizers: [] } };
  return wordsOf(await send('PUT', `${path}/finalize`, 'application/json', done));
}

function wordsOf({ status, body, problem }: WireAnswer): string {
  return status < 300 && status > 0
    ? String(status)
    : `${problem ?? status} ${body.toString().slice(0, 300)}`;
}
