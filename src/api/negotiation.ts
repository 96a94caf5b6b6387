// What a client wants its answer to be: media type, shape (object, Table, metadata only), indentation.
import { StatusError } from '../status.ts';

export type Shape = 'object' | 'table' | 'partial' | 'discovery';

export interface Negotiated {
  readonly format: 'json' | 'yaml';
  readonly shape: Shape;
  readonly pretty: boolean;
}

const plainJson: Negotiated = { format: 'json', shape: 'object', pretty: false };
const shapesOfResource: Readonly<Record<string, Shape>> = {
  Table: 'table',
  PartialObjectMetadata: 'partial',
  PartialObjectMetadataList: 'partial',
};

/** Which shapes an answer can have; what a client asks beyond them is passed over. */
export interface Offer {
  readonly table?: boolean;
  readonly partial?: boolean;
  readonly discovery?: boolean;
}

/**
 * The first of the client's choices that can be had, by quality, then order.
 *
 * @throws StatusError 406
 */
export function negotiate(accept: string | undefined, offer: Offer, pretty: boolean): Negotiated {
  if (accept === undefined || accept === '' || accept === '*/*' || accept === 'application/json') {
    return pretty ? { ...plainJson, pretty } : plainJson;
  }
  const choices = accept
    .split(',')
    .map((text) => parseChoice(text))
    .sort((a, b) => b.quality - a.quality);
  for (const choice of choices) {
    const format = formatOf(choice.type);
    if (format === undefined || choice.quality === 0) continue;
    const shape = shapeOf(choice.parameters, offer);
    if (shape !== undefined) return { format, shape, pretty };
  }
  throw notAcceptable(['application/json', 'application/yaml']);
}

export function notAcceptable(accepted: readonly string[]): StatusError {
  return new StatusError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: `only the following media types are accepted: ${accepted.join(', ')}`,
    reason: 'NotAcceptable',
    code: 406,
  });
}

function formatOf(type: string): 'json' | 'yaml' | undefined {
  if (type === 'application/json' || type === '*/*' || type === 'application/*') return 'json';
  return type === 'application/yaml' ? 'yaml' : undefined;
}

function shapeOf(parameters: ReadonlyMap<string, string>, offer: Offer): Shape | undefined {
  const as = parameters.get('as');
  if (as === undefined) return 'object';
  if (parameters.get('g') === 'apidiscovery.k8s.io') {
    const known = as === 'APIGroupDiscoveryList' && parameters.get('v') === 'v2';
    return known && offer.discovery === true ? 'discovery' : undefined;
  }
  if (parameters.get('g') !== 'meta.k8s.io' || parameters.get('v') !== 'v1') return undefined;
  const shape = shapesOfResource[as];
  if (shape === 'table') return offer.table === true ? shape : undefined;
  return offer.partial === true ? shape : undefined;
}

function parseChoice(text: string): {
  type: string;
  quality: number;
  parameters: ReadonlyMap<string, string>;
} {
  const [type = '', ...rest] = text.split(';');
  const parameters = new Map<string, string>();
  for (const each of rest) {
    const equals = each.indexOf('=');
    if (equals > 0) parameters.set(each.slice(0, equals).trim(), each.slice(equals + 1).trim());
  }
  const quality = Number(parameters.get('q') ?? '1');
  return { type: type.trim(), quality: Number.isNaN(quality) ? 0 : quality, parameters };
}

/** Browsers and curl get indented answers, everything else only on request, as upstream. */
export function wantsPretty(query: URLSearchParams, userAgent: string | undefined): boolean {
  const asked = query.get('pretty');
  if (asked !== null) return asked !== 'false' && asked !== '0';
  if (userAgent === undefined) return false;
  return /^(curl|Wget|Mozilla\/5\.0)/.test(userAgent);
}
