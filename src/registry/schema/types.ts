// The shape of the schema tables that scripts/generate.ts writes and everything typed reads.

/**
 * What a value may be. Scalars are named by what Go holds; `quantity`, `intOrString`, `time` and
 * `microTime` are the apimachinery types with their own JSON forms; `raw` is any JSON
 * (RawExtension, JSON, FieldsV1) and is kept as it came.
 */
export type TypeRef =
  /** `ref`: the definition of a `raw` value (RawExtension, FieldsV1, JSON, …). */
  | { readonly kind: ScalarKind; readonly ref?: string }
  | { readonly kind: 'object'; readonly type: string }
  | { readonly kind: 'list'; readonly item: TypeRef; readonly list?: ListSemantics }
  | { readonly kind: 'map'; readonly value: TypeRef; readonly atomic?: boolean };

export type ScalarKind =
  | 'string'
  | 'bool'
  | 'int32'
  | 'int64'
  | 'float64'
  | 'bytes'
  | 'quantity'
  | 'intOrString'
  | 'time'
  | 'microTime'
  | 'duration'
  | 'raw';

/** x-kubernetes-list-type and keys, x-kubernetes-patch-strategy and merge key. */
export interface ListSemantics {
  readonly type?: 'atomic' | 'set' | 'map';
  readonly keys?: readonly string[];
  readonly patchStrategy?: readonly ('merge' | 'replace' | 'retainKeys')[];
  readonly patchMergeKey?: string;
}

export interface FieldSchema {
  readonly name: string;
  readonly type: TypeRef;
  /** The document marks it required (validation of presence itself is the kind's own). */
  readonly required?: boolean;
  /** Go holds a pointer: zero values are kept, absence differs from zero. */
  readonly pointer?: boolean;
  /** Go omits it when empty (`omitempty`) or zero (`omitzero`); neither: always written. */
  readonly omit?: 'empty' | 'zero';
  /** Go's code tells an empty list from none, though it omits both where it writes. */
  readonly keepsEmpty?: boolean;
  /** Protobuf field number; 0 when it has none, as kind and apiVersion do. */
  readonly proto: number;
  /** Numbers of the embedded messages that hold it in protobuf, outermost first. */
  readonly protoVia?: readonly number[];
  /** In protobuf the list is a message of its own (metav1.Verbs). */
  readonly wrapped?: boolean;
  /** Strategic merge of a struct field (`retainKeys`, `replace`); lists carry theirs in the type. */
  readonly patchStrategy?: readonly string[];
  /**
   * Field ownership treats the whole value as one (`x-kubernetes-map-type: atomic`); false: it does
   * not here, though the type says so (`granular`).
   */
  readonly atomic?: boolean;
  /** `x-kubernetes-list-type` of bytes, which are a list in Go and none in JSON. */
  readonly listType?: string;
}

/** One Go struct. `name` is the OpenAPI definition's name: `io.k8s.api.core.v1.PodSpec`. */
export interface TypeSchema {
  readonly name: string;
  /** In Go's order, embedded structs (TypeMeta) already inlined. */
  readonly fields: readonly FieldSchema[];
  /** Field ownership treats every value of this type as one (LabelSelector, ObjectReference, …). */
  readonly atomic?: boolean;
  /** Group-versions in which it is a kind, `v1` or `apps/v1`: x-kubernetes-group-version-kind. */
  readonly groupVersions?: readonly string[];
  /** x-kubernetes-unions as the document states it, in JSON. */
  readonly unions?: string;
}

/** Looks a type up by its definition name; throws on an unknown one. */
export type TypeTable = (name: string) => TypeSchema;
