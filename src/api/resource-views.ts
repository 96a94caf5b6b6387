// The ways in which served resources are shown, and the hubs their watchers hang on; made once each.
import type { Clock } from '../clock.ts';
import { Hub } from '../registry/cache/hub.ts';
import type { ParsedObjects } from '../registry/cache/parsed-objects.ts';
import {
  objectView,
  partialView,
  type ServedForm,
  type View,
} from '../registry/cache/representation.ts';
import { RepresentationCache } from '../registry/cache/representation-cache.ts';
import { type IncludeObject, tableView } from '../registry/cache/table-view.ts';
import type { CachedObject } from '../registry/cache/types.ts';
import type { FoundResource } from '../registry/engine/resource-registry.ts';
import type { ResourceStore } from '../registry/engine/resource-store.ts';
import { createdAtColumn, nameCell, nameColumn } from '../registry/printer-column.ts';
import type { ApiObject, TableShape } from '../registry/resource.ts';
import { encodeStored } from '../registry/schema/encode.ts';
import type { Shape } from './negotiation.ts';

const defaultTable: TableShape<ApiObject> = {
  columns: [nameColumn, createdAtColumn],
  cells: (object) => [nameCell(object), object.metadata.creationTimestamp ?? null],
};

/** Keyed by what the registry holds, so that views go with the resources they are of. */
export class ResourceViews {
  readonly #parsed: ParsedObjects;
  readonly #clock: Clock;
  readonly #representations = new RepresentationCache();
  readonly #partial = partialView();
  readonly #views = new WeakMap<object, View>();
  readonly #forms = new WeakMap<object, ServedForm>();
  readonly #hubs = new Map<ResourceStore, Hub>();

  constructor(parsed: ParsedObjects, clock: Clock) {
    this.#parsed = parsed;
    this.#clock = clock;
  }

  /** The view of one group-version in one shape. */
  view(found: FoundResource, shape: Shape, includeObject: IncludeObject = 'Metadata'): View {
    if (shape === 'partial') return this.#partial;
    if (shape === 'table') {
      return tableView({
        form: this.#form(found),
        shape: found.served.resource.table ?? defaultTable,
        includeObject,
        parse: (object) => this.#parsed.parse(object),
        nowMs: () => this.#clock.nowMs(),
      });
    }
    let view = this.#views.get(found.served);
    if (view === undefined) {
      view = objectView(this.#form(found));
      this.#views.set(found.served, view);
    }
    return view;
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
    let form = this.#forms.get(found.served);
    if (form !== undefined) return form;
    const { resource, group, version } = found.served;
    const { fromStorage } = version;
    const convert = (object: CachedObject) =>
      encodeStored(fromStorage?.(structuredClone(this.#parsed.parse(object))) ?? emptyObject());
    form = this.#representations.cached({
      kind: resource.kind,
      apiVersion: group === '' ? version.version : `${group}/${version.version}`,
      listKind: resource.listKind ?? `${resource.kind}List`,
      ...(resource.custom === true ? { itemsCarryKind: true } : {}),
      ...(fromStorage === undefined ? {} : { convert }),
    });
    this.#forms.set(found.served, form);
    return form;
  }
}

function emptyObject(): ApiObject {
  return { metadata: {} };
}
