// `node conformance/fuzz/main.ts`: throws malformed requests at the server of any kubeconfig.
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { undeletable, unreadable } from './aftermath.ts';
import { describe, permitted } from './answers.ts';
import { type CompareOptions, comparePeers } from './compare.ts';
import { explain, type FuzzResult, fuzz } from './run.ts';
import { readVitals, stillHeld } from './vitals.ts';
import { openWire, type Wire, type WireAnswer, type WireRequest } from './wire.ts';

const usage = `node conformance/fuzz/main.ts --kubeconfig FILE [options]

  --requests N      how many (default 10000)
  --seed N          the same seed makes the same requests (default: by the clock; printed)
  --concurrency N   requests under way at once (default 8; 1 repeats a run exactly)
  --first N         the number of the first request, to repeat from there
  --answers FILE    writes a line of JSON for each answer
  --findings FILE   writes a line of JSON for each finding, with the request whole
  --replay FILE     sends the requests of such a file again, instead of making any
  --keep            leaves what it made
  --peer FILE       a second server: the same requests to both, and where their status codes differ

It works in namespaces fuzz-SEED-*, and with objects of such names where there are none. Kinds that
change how the server treats everyone (webhooks, flow schemas, API services) are only dry runs.`;

const seconds = 1000;
const settleTries = 100;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      kubeconfig: { type: 'string' },
      requests: { type: 'string', default: '10000' },
      seed: { type: 'string' },
      concurrency: { type: 'string', default: '8' },
      first: { type: 'string', default: '0' },
      answers: { type: 'string' },
      findings: { type: 'string' },
      replay: { type: 'string' },
      peer: { type: 'string' },
      keep: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const kubeconfig = values.kubeconfig ?? process.env.KUBECONFIG;
  if (values.help || kubeconfig === undefined || !existsSync(kubeconfig)) {
    process.stderr.write(`${usage}\n`);
    return values.help ? 0 : 2;
  }
  const concurrency = Number(values.concurrency);
  const wire = await openWire(kubeconfig, concurrency + 1);
  try {
    if (values.replay !== undefined) return await replay(wire, values.replay);
    const seed = values.seed === undefined ? Date.now() % 1_000_000 : Number(values.seed);
    if (values.peer !== undefined) {
      const [requests, first] = [Number(values.requests), Number(values.first)];
      return await compare(wire, values.peer, { seed, requests, first, findings: values.findings });
    }
    return await run(wire, {
      ...{ seed, concurrency, keep: values.keep },
      requests: Number(values.requests),
      first: Number(values.first),
      answers: values.answers,
      findings: values.findings,
    });
  } finally {
    wire.close();
  }
}

interface RunOptions {
  readonly seed: number;
  readonly requests: number;
  readonly concurrency: number;
  readonly first: number;
  readonly answers: string | undefined;
  readonly findings: string | undefined;
  readonly keep: boolean;
}

async function run(wire: Wire, options: RunOptions): Promise<number> {
  const { seed, requests, answers, findings } = options;
  print(`seed ${seed}, ${requests} requests, ${options.concurrency} at once`);
  const before = await readVitals(wire);
  const startMs = performance.now();
  let halfBytes = 0;
  if (answers !== undefined) writeFileSync(answers, '');
  const result = await fuzz(wire, {
    ...options,
    progressEvery: Math.max(1, Math.min(5_000, Math.floor(requests / 2))),
    async onProgress(done) {
      const { residentBytes } = await readVitals(wire);
      if (done <= requests / 2) halfBytes = residentBytes;
      const took = (performance.now() - startMs) / seconds;
      print(`${done} in ${took.toFixed(0)} s, server at ${megabytes(residentBytes)}`);
    },
    ...(answers === undefined
      ? {}
      : {
          onAnswer: (index: number, request: WireRequest, answer: WireAnswer) =>
            appendFileSync(answers, `${answerLine(index, request, answer)}\n`),
        }),
  });
  report(result);
  if (findings !== undefined) {
    writeFileSync(findings, result.findings.map((each) => `${findingLine(each)}\n`).join(''));
  }
  const faults = await afterwards(wire, result, before, options.keep);
  const after = await readVitals(wire);
  print(
    `server's memory: ${megabytes(before.residentBytes)} before, ${megabytes(halfBytes)} half way, ` +
      `${megabytes(after.residentBytes)} after`,
  );
  for (const fault of faults) print(`afterwards: ${fault}`);
  print(`${result.findings.length} findings, ${faults.length} faults afterwards; seed ${seed}`);
  return result.findings.length + faults.length === 0 ? 0 : 1;
}

async function afterwards(
  wire: Wire,
  { catalog, territory }: FuzzResult,
  before: Awaited<ReturnType<typeof readVitals>>,
  keep: boolean,
): Promise<string[]> {
  return [
    ...(await stillHeld(wire, before, settleTries)).map((line) => `still held: ${line}`),
    ...(await unreadable(wire, catalog, territory)),
    ...(keep ? [] : await undeletable(wire, catalog, territory)),
  ];
}

function report({ counts, findings }: FuzzResult): void {
  for (const [status, count] of [...counts].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const reason = permitted[Number(status)];
    print(`${status.padStart(5)}: ${count}${reason === undefined ? '' : `  (${reason})`}`);
  }
  for (const finding of findings.slice(0, 50)) print(explain(finding));
  if (findings.length > 50) print(`and ${findings.length - 50} more`);
}

async function compare(
  wire: Wire,
  peer: string,
  options: CompareOptions & { readonly findings: string | undefined },
): Promise<number> {
  const other = await openWire(peer, 2);
  try {
    const differences = await comparePeers(wire, other, options);
    const classes = Map.groupBy(
      differences,
      (each) => `${each.outcomes.join(' and ')}, ${each.verb}`,
    );
    for (const [name, { length }] of [...classes].sort(([, a], [, b]) => b.length - a.length)) {
      print(`${length} × ${name}`);
    }
    const lines = differences.map((each) => `${JSON.stringify(each)}\n`);
    if (options.findings !== undefined) writeFileSync(options.findings, lines.join(''));
    print(`${differences.length} of ${options.requests} differ; seed ${options.seed}`);
    return differences.length === 0 ? 0 : 1;
  } finally {
    other.close();
  }
}

interface StoredFinding {
  readonly request: Omit<WireRequest, 'body'> & { readonly body?: string };
}

function findingLine({ index, fault, request, status, answer }: FuzzResult['findings'][number]) {
  const body = request.body?.toString('base64');
  return JSON.stringify({ index, fault, status, answer, request: { ...request, body } });
}

async function replay(wire: Wire, file: string): Promise<number> {
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    if (line === '') continue;
    const { body, ...request } = (JSON.parse(line) as StoredFinding).request;
    const answer = await wire.send({
      ...request,
      ...(body === undefined ? {} : { body: Buffer.from(body, 'base64') }),
    });
    const text = answer.body.toString().slice(0, 500);
    print(`${describe(request)}\n  ${answer.problem ?? answer.status}: ${text}`);
  }
  return 0;
}

function answerLine(index: number, request: WireRequest, answer: WireAnswer): string {
  return JSON.stringify({
    index,
    request: describe(request),
    body: request.body?.toString('latin1').slice(0, 2000),
    accept: request.headers.accept,
    status: answer.cut ? 'cut' : answer.status,
    problem: answer.problem,
    answer: answer.status < 300 ? undefined : answer.body.toString().slice(0, 1500),
  });
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1024 / 1024)} MB`;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

process.exitCode = await main();
