// The ways in which served resources are shown, and the hubs their watchers hang on; made once each.
import type { Clock } from '../clock.ts';
import { Hub } from '../registry/cache/hub.ts';
import type { ParsedObjects } from '../registry/cache/parsed-objects.ts';
import { protobufView } from '../registry/cache/protobuf-view.ts';
import {
  asStored,
  type MetaVersion,
  objectView,
  partialView,
  type ServedForm,
  type ShownMetadata,
  type View,
} from '../registry/cache/representation.ts';
import { type MakeBytes, RepresentationCache } from '../registry/cache/representation-cache.ts';
import { type IncludeObject, tableView } from '../registry/cache/table-view.ts';
import type { CachedObject } from '../registry/cache/types.ts';
import type { FoundResource } from '../registry/engine/resource-registry.ts';
import type { ResourceStore } from '../registry/engine/resource-store.ts';
import { createdAtColumn, nameCell, nameColumn } from '../registry/printer-column.ts';
import type { ApiObject, TableShape } from '../registry/resource.ts';
import { encodeStored } from '../registry/schema/encode.ts';
import type { ProtobufCodec } from '../registry/schema/protobuf/codec.ts';
import type { Negotiated, Shape } from './negotiation.ts';

const metaPackage = 'io.k8s.apimachinery.pkg.apis.meta.v1';
const partialSchema = `${metaPackage}.PartialObjectMetadata`;
const statusSchema = `${metaPackage}.Status`;

const defaultTable: TableShape<ApiObject> = {
  columns: [nameColumn, createdAtColumn],
  cells: (object) => [nameCell(object), object.metadata.creationTimestamp ?? null],
};

/** What a client has asked of an answer, as far as views differ by it. */
export interface Wish {
  readonly format: Negotiated['format'];
  readonly shape: Shape;
  readonly metaVersion: MetaVersion;
  readonly includeObject: IncludeObject;
}

/** Keyed by what the registry holds, so that views go with the resources they are of. */
export class ResourceViews {
  readonly #parsed: ParsedObjects;
  readonly #clock: Clock;
  readonly #protobuf: ProtobufCodec;
  readonly #representations = new RepresentationCache();
  /** By resource, then by what distinguishes its views. */
  readonly #views = new WeakMap<object, Map<string, View>>();
  readonly #hubs = new Map<ResourceStore, Hub>();

  constructor(parsed: ParsedObjects, clock: Clock, protobuf: ProtobufCodec) {
    this.#parsed = parsed;
    this.#clock = clock;
    this.#protobuf = protobuf;
  }

  /** The view of one group-version in one shape and media type. */
  view(found: FoundResource, wish: Wish): View {
    let views = this.#views.get(found.served);
    if (views === undefined) {
      views = new Map();
      this.#views.set(found.served, views);
    }
    const { format, shape, metaVersion, includeObject } = wish;
    const key = `${format === 'protobuf'} ${shape} ${metaVersion} ${includeObject}`;
    let view = views.get(key);
    if (view === undefined) {
      view = this.#make(found, wish);
      views.set(key, view);
    }
    return view;
  }

  #make(found: FoundResource, { format, shape, metaVersion, includeObject }: Wish): View {
    const form = this.#form(found);
    const metadataOf = this.#metadataOf(found);
    if (shape === 'table') {
      return tableView({
        form,
        shape: found.served.resource.table ?? defaultTable,
        includeObject,
        parse: (object) => this.#parsed.parse(object),
        nowMs: () => this.#clock.nowMs(),
        version: metaVersion,
        metadataOf,
      });
    }
    const { schema } = found.served.version;
    if (shape === 'partial') {
      if (format !== 'protobuf') return partialView(metaVersion, metadataOf);
      const apiVersion = `meta.k8s.io/${metaVersion}`;
      const kind = 'PartialObjectMetadata';
      const names = { kind, apiVersion, listKind: `${kind}List` };
      // Metadata is the same in every version; the stored one is at hand.
      return this.#protobufView(names, partialSchema, (object) => metadataOf(object).body);
    }
    if (format !== 'protobuf') return objectView(form);
    return this.#protobufView(form, schema, form.convert ?? ((object) => object.body));
  }

  #metadataOf(found: FoundResource): ShownMetadata {
    const { partialMetadata } = found.served.resource;
    if (partialMetadata === undefined) return asStored;
    return (object) => {
      const { metadata } = this.#parsed.parse(object);
      return { ...object, body: encodeStored({ metadata: partialMetadata(metadata) }) };
    };
  }

  #protobufView(
    names: { readonly kind: string; readonly apiVersion: string; readonly listKind: string },
    schema: string,
    json: MakeBytes,
  ): View {
    const { encode } = this.#protobuf;
    const message = (body: Uint8Array) => encode(schema, this.#parsed.glance(body));
    return protobufView({
      kind: names.kind,
      apiVersion: names.apiVersion,
      listKind: names.listKind,
      message: this.#representations.once(
        `${names.apiVersion}/${names.kind} protobuf`,
        (object) => {
          const body = json(object);
          return body instanceof Promise ? body.then(message) : message(body);
        },
      ),
      bare: (object) => encode(schema, object),
      status: (status) => encode(statusSchema, status),
    });
  }

  hub(store: ResourceStore): Hub {
    let hub = this.#hubs.get(store);
    if (hub === undefined) {
      hub = new Hub(store.cache, store.resource.triggerField);
      this.#hubs.set(store, hub);
    }
    return hub;
  }

  /** Ends the watches of stores that are not served any more. */
  keepOnly(stores: ReadonlySet<ResourceStore>): void {
    for (const [store, hub] of this.#hubs) {
      if (stores.has(store)) continue;
      hub.close();
      this.#hubs.delete(store);
    }
  }

  close(): void {
    for (const hub of this.#hubs.values()) hub.close();
    this.#hubs.clear();
  }

  #form(found: FoundResource): ServedForm {
    const { resource, group, version } = found.served;
    const { fromStorage } = version;
    const apiVersion = group === '' ? version.version : `${group}/${version.version}`;
    const convert = (object: CachedObject) =>
      encodeStored(fromStorage?.(structuredClone(this.#parsed.parse(object))) ?? emptyObject());
    return {
      kind: resource.kind,
      apiVersion,
      listKind: resource.listKind ?? `${resource.kind}List`,
      ...(resource.custom === true ? { itemsCarryKind: true } : {}),
      ...(fromStorage === undefined
        ? {}
        : { convert: this.#representations.once(`${apiVersion}/${resource.kind} json`, convert) }),
    };
  }
}

function emptyObject(): ApiObject {
  return { metadata: {} };
}
