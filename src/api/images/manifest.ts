// What an OCI manifest or index says, read defensively: it comes from a user's file.

export const mediaTypes = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar',
  gzipLayer: 'application/vnd.oci.image.layer.v1.tar+gzip',
  zstdLayer: 'application/vnd.oci.image.layer.v1.tar+zstd',
} as const;

/** Manifests, indexes and configs are read whole; registries accept no larger ones either. */
export const manifestBytesMax: number = 4 * 1024 * 1024;

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly platform?: { readonly architecture: string; readonly os: string };
}

export interface Manifest {
  readonly mediaType: string;
  /** Manifests of an index: each may be missing, for other platforms were not saved. */
  readonly manifests: readonly Descriptor[];
  /** Config and layers of an image: all are needed. */
  readonly blobs: readonly Descriptor[];
}

/** A manifest or index from its bytes; undefined when they are neither. */
export function parseManifest(bytes: Uint8Array): Manifest | undefined {
  const value = parseObject(bytes);
  if (value === undefined) return undefined;
  const { manifests, config, layers } = value;
  if (Array.isArray(manifests)) {
    if (!manifests.every(isDescriptor)) return undefined;
    return { mediaType: textOf(value.mediaType, mediaTypes.index), manifests, blobs: [] };
  }
  if (!isDescriptor(config) || !Array.isArray(layers) || !layers.every(isDescriptor)) {
    return undefined;
  }
  const mediaType = textOf(value.mediaType, mediaTypes.manifest);
  return { mediaType, manifests: [], blobs: [config, ...layers] };
}

/** A JSON object from its bytes; undefined when they are something else. */
export function parseObject(bytes: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  const value = parseJson(bytes);
  return isObject(value) && !Array.isArray(value) ? value : undefined;
}

/** Any JSON value; undefined when the bytes are none. */
export function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString());
  } catch {
    return undefined;
  }
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function isDescriptor(value: unknown): value is Descriptor {
  if (!isObject(value)) return false;
  const { mediaType, digest, size } = value;
  // Any well-formed digest: what is stored is checked against sha256 later.
  const named = typeof digest === 'string' && /^[a-z0-9]+:[0-9a-f]{32,}$/.test(digest);
  return named && typeof mediaType === 'string' && Number.isSafeInteger(size);
}

/** Media types go into headers: anything that is not one is replaced. */
function textOf(value: unknown, otherwise: string): string {
  return typeof value === 'string' && /^[\w.+-]+\/[\w.+-]+$/.test(value) ? value : otherwise;
}
