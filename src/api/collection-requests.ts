// Answers requests for all objects of a kind: lists, watches, and deletions of what a list chooses.
import type { ChunkWriter } from '../registry/cache/chunk-buffer.ts';
import { type ListAnswer, openList, writeList } from '../registry/cache/list.ts';
import type { CachedObject } from '../registry/cache/types.ts';
import type { FoundResource } from '../registry/engine/resource-registry.ts';
import type { ReadBody } from '../registry/schema/read-body.ts';
import { bytesAnswer, headersFor, watchHeadersFor } from './answers.ts';
import { acceptsGzip, gzipped, type Produce, produceBody } from './compression.ts';
import { readDeletion } from './delete-options.ts';
import type { Exchange } from './exchange.ts';
import { type Turns, turnUnits } from './fairness/turns.ts';
import { refusal } from './negotiation.ts';
import { readBoolean, readInteger } from './query-options.ts';
import type { ApiResponse, BodyWriter } from './request.ts';
import {
  contextOf,
  goTypeOf,
  listQuery,
  negotiateFor,
  selectionOf,
  viewOf,
} from './request-context.ts';
import type { ResourceViews } from './resource-views.ts';
import { asksForWebSocket } from './websocket.ts';
import { watchOverWebSocket } from './websocket-watch.ts';

const listChunkBytes = 256 * 1024;
/** Upstream ends a watch without a timeout after 30 to 60 minutes, at random. */
const watchTimeoutMinMs = 1_800_000;

export interface CollectionRequestParts {
  readonly views: ResourceViews;
  readonly readBody: ReadBody;
  readonly random: { next(): number };
  readonly turns: Turns;
}

export class CollectionRequests {
  readonly #parts: CollectionRequestParts;

  constructor(parts: CollectionRequestParts) {
    this.#parts = parts;
  }

  async list(exchange: Exchange, found: FoundResource): Promise<ApiResponse> {
    const { query } = exchange.info;
    const negotiated = negotiateFor(exchange, found);
    if (negotiated.shape === 'partial' && !negotiated.asList) {
      throw refusal(
        'you requested PartialObjectMetadata, but the requested object is a list ' +
          `(${goTypeOf(found)}List)`,
      );
    }
    // Lists and watches have the same options: each reads what is the other's as well.
    readInteger(query, 'timeoutSeconds');
    const selection = selectionOf(exchange, found);
    const sendInitialEvents = readBoolean(query, 'sendInitialEvents');
    const opened = await openList(found.store.cache, {
      ...listQuery(query),
      selection,
      sendInitialEvents,
    });
    const answer = negotiated.shape === 'table' ? await sortedRows(opened, found) : opened;
    const view = viewOf(this.#parts.views, exchange, found, negotiated);
    const { turns } = this.#parts;
    const pause = () => turns.take(turnUnits.chunk);
    const produce: Produce = (writer) =>
      writeList(answer, view, paced(turns, writer), listChunkBytes, { pause });
    const body = await produceBody(produce);
    if (typeof body !== 'function') return bytesAnswer(200, body, negotiated);
    if (negotiated.format === 'yaml' || (negotiated.format === 'json' && negotiated.pretty)) {
      const chunks: Uint8Array[] = [];
      await body({ write: (chunk) => void chunks.push(Buffer.from(chunk)) as undefined });
      return bytesAnswer(200, Buffer.concat(chunks), negotiated);
    }
    const headers = headersFor(negotiated);
    if (!acceptsGzip(exchange.request.headers['accept-encoding'])) {
      return { status: 200, headers, body };
    }
    return {
      status: 200,
      headers: { ...headers, 'content-encoding': 'gzip', vary: 'Accept-Encoding' },
      body: gzipped(body),
    };
  }

  async watch(exchange: Exchange, found: FoundResource): Promise<ApiResponse> {
    const { query } = exchange.info;
    const negotiated = negotiateFor(exchange, found, true);
    const seconds = readInteger(query, 'timeoutSeconds') ?? 0;
    readInteger(query, 'limit');
    const timeoutMs =
      seconds > 0 ? seconds * 1000 : watchTimeoutMinMs * (1 + this.#parts.random.next());
    const { store } = found;
    const stream = this.#parts.views.hub(store).open({
      resource: nameOf(found),
      selection: selectionOf(exchange, found),
      view: viewOf(this.#parts.views, exchange, found, negotiated),
      allowBookmarks: readBoolean(query, 'allowWatchBookmarks') ?? false,
      resourceVersion: query.get('resourceVersion') ?? '',
      resourceVersionMatch: query.get('resourceVersionMatch') ?? '',
      continue: query.get('continue') ?? '',
      sendInitialEvents: readBoolean(query, 'sendInitialEvents'),
      timeoutMs,
      started: exchange.started,
      sent: exchange.sent,
    });
    const { signal, request } = exchange;
    const body: Produce = (writer) => {
      // What it starts with is a list; what comes later is small and must not wait for a turn.
      const { turns } = this.#parts;
      const big = paced(turns, writer);
      const write = (chunk: Uint8Array) =>
        chunk.byteLength >= listChunkBytes ? big(chunk) : writer.write(chunk);
      return stream(write, signal);
    };
    if (asksForWebSocket(request)) return watchOverWebSocket(request, body, negotiated.format);
    return { status: 200, headers: watchHeadersFor(negotiated), body };
  }

  async deleteAll(exchange: Exchange, found: FoundResource): Promise<ApiResponse> {
    const negotiated = negotiateFor(exchange, found);
    const deletion = await readDeletion(exchange, found, this.#parts.readBody);
    const context = { ...contextOf(exchange, found), dryRun: deletion.dryRun };
    const selection = selectionOf(exchange, found);
    const listed = await openList(found.store.cache, {
      ...listQuery(exchange.info.query),
      selection,
      sendInitialEvents: undefined,
    });
    const chosen: CachedObject[] = [];
    for await (const object of listed.objects) chosen.push(object);
    const done = await found.store.deleteCollection(context, chosen, deletion.options);
    const view = viewOf(this.#parts.views, exchange, found, { ...negotiated, shape: 'object' });
    const chunks: Uint8Array[] = [];
    await writeList(
      { ...listed, objects: done },
      view,
      (chunk) => void chunks.push(chunk) as undefined,
      listChunkBytes,
    );
    return bytesAnswer(200, Buffer.concat(chunks), negotiated);
  }
}

/** Lets a big answer's next chunk be made when it is its turn. */
function paced(turns: Turns, writer: BodyWriter): ChunkWriter {
  return async (chunk) => {
    await writer.write(chunk);
    await turns.take(turnUnits.chunk);
  };
}

/** A table's rows in the order of its kind, where that has one of its own. */
async function sortedRows(answer: ListAnswer, found: FoundResource): Promise<ListAnswer> {
  const compare = found.served.resource.table?.compareRows;
  if (compare === undefined) return answer;
  const objects: CachedObject[] = [];
  for await (const object of answer.objects) objects.push(object);
  const { store } = found;
  objects.sort((a, b) => compare(store.parse(a), store.parse(b)));
  return { ...answer, objects };
}

/** How errors name the resource of a request. */
function nameOf(found: FoundResource): { group: string; resource: string } {
  return { group: found.served.group, resource: found.served.resource.plural };
}
