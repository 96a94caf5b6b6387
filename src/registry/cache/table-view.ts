// Shows objects as rows of a meta.k8s.io/v1 Table, the form that `kubectl get` prints.

import type { ApiObject, TableShape } from '../resource.ts';
import { toJson } from '../schema/json.ts';
import type { View } from './representation.ts';
import {
  around,
  asStored,
  jsonWire,
  listHeadOf,
  type MetaVersion,
  objectView,
  type Piece,
  partialPiece,
  type ServedForm,
  type ShownMetadata,
  textPiece,
} from './representation.ts';
import type { CachedObject } from './types.ts';

/** TableOptions.includeObject; `Metadata` when the client does not say. */
export type IncludeObject = 'None' | 'Metadata' | 'Object';

/**
 * Rows hold ages, so they are made anew each time; the parse behind them is shared.
 *
 * @param options.parse the stored object, frozen (`ParsedObjects.parse`)
 * @param options.nowMs cluster time
 */
export function tableView(options: {
  readonly form: ServedForm;
  readonly shape: TableShape<ApiObject>;
  readonly includeObject: IncludeObject;
  readonly parse: (object: CachedObject) => ApiObject;
  readonly nowMs: () => number;
  readonly version?: MetaVersion;
  readonly metadataOf?: ShownMetadata;
}): View {
  const { form, shape, includeObject, parse, nowMs, version = 'v1' } = options;
  const { metadataOf = asStored } = options;
  const tableMeta = `"kind":"Table","apiVersion":"meta.k8s.io/${version}",`;
  const columns = asciiJson(
    shape.columns.map(({ name, type, format = '', description, priority }) => ({
      name,
      type,
      format,
      description,
      priority,
    })),
  );
  const whole = objectView(form);
  const row = (object: CachedObject, before: string, after: string): Piece | Promise<Piece> => {
    const cells = asciiJson(shape.cells(parse(object), nowMs()));
    const head = `${before}{"cells":${cells},"object":`;
    if (includeObject === 'None') {
      return textPiece(`${head}null}${after}`);
    }
    if (includeObject === 'Metadata') {
      return around(head, partialPiece(metadataOf(object), version), `}${after}`);
    }
    const piece = whole.alone(object, true);
    if (!(piece instanceof Promise)) return around(head, piece, `}${after}`);
    return piece.then((done) => around(head, done, `}${after}`));
  };
  const tableHead = (revision: number, first: boolean) =>
    listHeadOf(
      tableMeta,
      { resourceVersion: String(revision) },
      `"columnDefinitions":${first ? columns : 'null'},"rows":`,
    );
  return {
    ...jsonWire,
    id: `${form.apiVersion}/${form.kind} table ${version} ${includeObject}`,
    alone: (object, first) => row(object, tableHead(object.revision, first), ']}'),
    item: (object) => row(object, '', ''),
    listHead: (meta) => listHeadOf(tableMeta, meta, `"columnDefinitions":${columns},"rows":`),
    listTail: ']}\n',
    bookmark(revision, annotations) {
      const cells = JSON.stringify(shape.columns.map(() => null));
      const metadata = { resourceVersion: String(revision), ...(annotations && { annotations }) };
      const typeMeta = { kind: 'PartialObjectMetadata', apiVersion: `meta.k8s.io/${version}` };
      const object = JSON.stringify({ ...typeMeta, metadata });
      return textPiece(`${tableHead(revision, false)}{"cells":${cells},"object":${object}}]}`);
    },
  };
}

/** JSON in ASCII, as the texts of a piece must be: everything else is escaped. */
function asciiJson(value: unknown): string {
  return toJson(value).replace(
    /[\u0080-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
