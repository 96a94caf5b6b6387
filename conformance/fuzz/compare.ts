// Sends the same requests to two servers, one after another, and says where their answers differ.
import { describe } from './answers.ts';
import { type Catalog, readCatalog, titleOf } from './catalog.ts';
import { createFuzzer, outcomeOf } from './run.ts';
import type { Wire, WireAnswer } from './wire.ts';

export interface CompareOptions {
  readonly seed: number;
  readonly requests: number;
  readonly first: number;
}

export interface Difference {
  readonly index: number;
  /** POST, PATCH with its type, and so on: to put like differences together. */
  readonly verb: string;
  readonly outcomes: readonly [ours: string, theirs: string];
  readonly request: string;
  readonly body: string;
  readonly answers: readonly [ours: string, theirs: string];
}

/** Kinds that only one of them serves are left out, so that the same numbers mean the same. */
export async function comparePeers(
  wire: Wire,
  peer: Wire,
  { seed, requests, first }: CompareOptions,
): Promise<Difference[]> {
  const [ours, theirs] = [await readCatalog(wire), await readCatalog(peer)];
  const a = await createFuzzer(wire, shared(ours, theirs), seed);
  // The same schemas too: their order and words decide what is made.
  const b = await createFuzzer(peer, shared(ours, theirs), seed);
  const differences: Difference[] = [];
  for (let index = first; index < first + requests; index++) {
    const [mine, other] = await Promise.all([a.ask(index), b.ask(index)]);
    const outcomes = [outcomeOf(mine.answer), outcomeOf(other.answer)] as const;
    if (outcomes[0] === outcomes[1]) continue;
    const type = mine.request.headers['content-type'] ?? '';
    differences.push({
      index,
      verb: `${mine.request.method} ${type}`.trim(),
      outcomes,
      request: describe(mine.request),
      body: mine.request.body?.toString('latin1').slice(0, 3000) ?? '',
      answers: [wordsOf(mine.answer), wordsOf(other.answer)],
    });
  }
  return differences;
}

function shared(ours: Catalog, theirs: Catalog): Catalog {
  const other = new Map(theirs.targets.map((target) => [titleOf(target), target]));
  return {
    schemas: ours.schemas,
    targets: ours.targets.flatMap((target) => {
      const same = other.get(titleOf(target));
      if (same === undefined) return [];
      const subresources = target.subresources.filter(({ name }) =>
        same.subresources.some((each) => each.name === name),
      );
      return [{ ...target, subresources }];
    }),
  };
}

function wordsOf({ body, problem }: WireAnswer): string {
  const text = body.toString().slice(0, 4000);
  if (problem !== undefined) return problem;
  try {
    return (JSON.parse(text) as { readonly message?: string }).message ?? '';
  } catch {
    return text.slice(0, 600);
  }
}
