// The run itself: claims namespaces, sends so many requests, counts answers and keeps findings.

import { describe, faultOf } from './answers.ts';
import { protobufType } from './bodies.ts';
import { type Catalog, collectionPath, readCatalog, type Target, titleOf } from './catalog.ts';
import { createDice } from './dice.ts';
import { isObject, type JsonObject } from './json.ts';
import { createObjectSource } from './objects.ts';
import { createRequestMaker, type Served } from './requests.ts';
import { claimTerritory, metadataOf, type Territory } from './territory.ts';
import type { Wire, WireAnswer, WireRequest } from './wire.ts';

export interface FuzzOptions {
  readonly seed: number;
  readonly requests: number;
  /** Requests under way at once; with one, the same seed meets the same state. */
  readonly concurrency: number;
  /** The number of the first request: to go on, or to repeat one. */
  readonly first?: number;
  /** Hears of each answer, in the order in which they come. */
  readonly onAnswer?: (index: number, request: WireRequest, answer: WireAnswer) => void;
  /** Called each time that so many answers are in. */
  readonly onProgress?: (done: number, counts: Counts) => Promise<void> | void;
  readonly progressEvery?: number;
}

export type Counts = ReadonlyMap<string, number>;

export interface Finding {
  readonly index: number;
  readonly fault: string;
  readonly request: WireRequest;
  readonly status: number;
  readonly answer: string;
}

export interface FuzzResult {
  readonly catalog: Catalog;
  readonly territory: Territory;
  /** Answers by status code; `cut` for streams that the client ended. */
  readonly counts: Counts;
  readonly findings: readonly Finding[];
}

/** Findings that are kept whole; all are counted. */
const findingsMax = 500;

/** One server with namespaces claimed, ready to be asked. */
export interface Fuzzer {
  readonly territory: Territory;
  /** Makes and sends the request of a number. */
  ask(index: number): Promise<{ readonly request: WireRequest; readonly answer: WireAnswer }>;
}

export async function createFuzzer(wire: Wire, catalog: Catalog, seed: number): Promise<Fuzzer> {
  const territory = claimTerritory(seed);
  await claimNamespaces(wire, territory);
  const maker = createRequestMaker(catalog, territory);
  const served = createServed(wire, await protobufSamples(wire, catalog, territory));
  return {
    territory,
    async ask(index) {
      const request = await maker.make(createDice(seed, index), served);
      return { request, answer: await wire.send(request) };
    },
  };
}

export async function fuzz(wire: Wire, options: FuzzOptions): Promise<FuzzResult> {
  const { seed, requests, concurrency, first = 0, onAnswer, onProgress } = options;
  const catalog = await readCatalog(wire);
  const fuzzer = await createFuzzer(wire, catalog, seed);
  const counts = new Map<string, number>();
  const findings: Finding[] = [];
  const every = options.progressEvery ?? Number.POSITIVE_INFINITY;
  let next = first;
  let done = 0;
  const work = async () => {
    while (next < first + requests) {
      const index = next++;
      const { request, answer } = await fuzzer.ask(index);
      onAnswer?.(index, request, answer);
      const outcome = outcomeOf(answer);
      counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
      const fault = faultOf(request, answer);
      if (fault !== undefined && findings.length < findingsMax) {
        const text = answer.body.toString().slice(0, 1000);
        findings.push({ index, fault, request, status: answer.status, answer: text });
      }
      done++;
      if (done % every === 0) await onProgress?.(done, counts);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  return { catalog, territory: fuzzer.territory, counts, findings };
}

/** The status code, or `cut` where the client ended a stream. */
export function outcomeOf({ cut, status }: WireAnswer): string {
  return cut ? 'cut' : String(status);
}

async function claimNamespaces(wire: Wire, territory: Territory): Promise<void> {
  for (const name of territory.namespaces) {
    const answer = await post(wire, '/api/v1/namespaces', {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: metadataOf(territory, name, undefined),
    });
    if (answer.status !== 201 && answer.status !== 409) {
      throw new Error(`cannot create namespace ${name}: ${answer.status} ${answer.body}`);
    }
    // Admission wants one for pods; without controllers nobody else makes it.
    await post(wire, `/api/v1/namespaces/${name}/serviceaccounts`, {
      metadata: { name: 'default' },
    });
  }
}

function post(
  wire: Wire,
  path: string,
  object: JsonObject,
  accept = 'application/json',
): Promise<WireAnswer> {
  return wire.send({
    method: 'POST',
    path,
    headers: { 'content-type': 'application/json', accept },
    body: Buffer.from(JSON.stringify(object)),
  });
}

/** Rehearses the creation of each kind's small valid object, to have its bytes in protobuf. */
async function protobufSamples(
  wire: Wire,
  catalog: Catalog,
  territory: Territory,
): Promise<ReadonlyMap<string, Buffer>> {
  const objects = createObjectSource(catalog, territory);
  const samples = new Map<string, Buffer>();
  const [namespace = ''] = territory.namespaces;
  for (const target of catalog.targets) {
    if (!target.verbs.includes('create')) continue;
    const name = territory.name(createDice(0, 0), target);
    const path = `${collectionPath(target, namespace)}?dryRun=All`;
    const answer = await post(wire, path, objects.plain({ target, name, namespace }), protobufType);
    if (answer.status === 201) samples.set(titleOf(target), answer.body);
  }
  return samples;
}

function createServed(wire: Wire, samples: ReadonlyMap<string, Buffer>): Served {
  return {
    async current(path) {
      const answer = await wire.send({
        method: 'GET',
        path,
        headers: { accept: 'application/json' },
      });
      if (answer.status !== 200) return undefined;
      try {
        const object = JSON.parse(answer.body.toString()) as JsonObject;
        return isObject(object) ? object : undefined;
      } catch {
        return undefined;
      }
    },
    protobuf: (target: Target) => samples.get(titleOf(target)),
  };
}

/** A finding in a few lines, with the body in a form that can be sent again. */
export function explain({ index, fault, request, status, answer }: Finding): string {
  const { body } = request;
  const sent =
    body === undefined ? [] : [`  body: ${JSON.stringify(body.toString('latin1')).slice(0, 1500)}`];
  return [
    `request ${index}: ${fault}`,
    `  ${describe(request)}`,
    ...sent,
    `  answer ${status}: ${answer.slice(0, 500)}`,
  ].join('\n');
}
