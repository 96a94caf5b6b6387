// NetworkPolicies: selectors, peers, address blocks and ports.
import type { NetworkPolicy } from '../../objects.ts';
import { cidrWarnings, looseRange, validateCidr } from '../core/ip-validation.ts';
import {
  type FieldError,
  FieldPath,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from '../field.ts';
import { validatePortName, validatePortNumber } from '../metadata/names.ts';
import { invalidEach } from '../metadata/object-meta.ts';
import { validateLabelSelector } from '../selector-validation.ts';

type Spec = NonNullable<NetworkPolicy['spec']>;
type Rule = NonNullable<Spec['ingress']>[number];
type Peer = NonNullable<Rule['from']>[number];
type Port = NonNullable<Rule['ports']>[number];
type IpBlock = NonNullable<Peer['ipBlock']>;

const specPath = FieldPath.of('spec');
const protocols = ['TCP', 'UDP', 'SCTP'];
const policyTypes = ['Ingress', 'Egress'];

interface RuleShape {
  readonly ports: readonly Port[];
  readonly peers: readonly Peer[];
  readonly path: FieldPath;
  readonly peersPath: FieldPath;
}

/** Ingress and egress rules alike: `from` in one is `to` in the other. */
function rulesOf(spec: Spec | undefined): RuleShape[] {
  const ingress = (spec?.ingress ?? []).map(({ ports = [], from = [] }, index) => {
    const path = specPath.child('ingress').index(index);
    return { ports, peers: from, path, peersPath: path.child('from') };
  });
  const egress = (spec?.egress ?? []).map(({ ports = [], to = [] }, index) => {
    const path = specPath.child('egress').index(index);
    return { ports, peers: to, path, peersPath: path.child('to') };
  });
  return [...ingress, ...egress];
}

function cidrsOf(spec: Spec | undefined): string[] {
  return rulesOf(spec).flatMap(({ peers }) =>
    peers.flatMap(({ ipBlock }) =>
      ipBlock === undefined ? [] : [ipBlock.cidr, ...(ipBlock.except ?? [])],
    ),
  );
}

/** CIDRs that the old policy had are not looked at again, wherever they stand now. */
export function validateNetworkPolicy(
  { spec }: NetworkPolicy,
  old: NetworkPolicy | undefined,
): FieldError[] {
  const errors = validateLabelSelector(spec?.podSelector, specPath.child('podSelector'));
  const known = cidrsOf(old?.spec);
  for (const { ports, peers, path, peersPath } of rulesOf(spec)) {
    ports.forEach((port, index) => {
      errors.push(...validatePort(port, path.child('ports').index(index)));
    });
    peers.forEach((peer, index) => {
      errors.push(...validatePeer(peer, known, peersPath.index(index)));
    });
  }
  const types = spec?.policyTypes ?? [];
  const path = specPath.child('policyTypes');
  if (types.length > policyTypes.length) {
    return [...errors, invalidValue(path, types, 'may not specify more than two policyTypes')];
  }
  types.forEach((type, index) => {
    if (!policyTypes.includes(type))
      errors.push(notSupported(path.index(index), type, policyTypes));
  });
  return errors;
}

function validatePort({ protocol, port, endPort }: Port, path: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  if (protocol !== undefined && !protocols.includes(protocol)) {
    errors.push(notSupported(path.child('protocol'), protocol, protocols));
  }
  const own = path.child('port');
  const endPath = path.child('endPort');
  if (typeof port === 'number') {
    errors.push(...invalidEach(own, port, validatePortNumber(port)));
    if (endPort === undefined) return errors;
    if (endPort < port) {
      errors.push(invalidValue(endPath, port, 'must be greater than or equal to `port`'));
    }
    return [...errors, ...invalidEach(endPath, endPort, validatePortNumber(endPort))];
  }
  if (endPort !== undefined) {
    const what = port === undefined ? 'not specified' : 'non-numeric';
    const why = `may not be specified when \`port\` is ${what}`;
    errors.push(invalidValue(endPath, endPort, why));
  }
  if (port === undefined) return errors;
  return [...errors, ...invalidEach(own, port, validatePortName(String(port)))];
}

function validatePeer(
  { podSelector, namespaceSelector, ipBlock }: Peer,
  known: readonly string[],
  path: FieldPath,
): FieldError[] {
  const errors = [
    ...validateLabelSelector(podSelector, path.child('podSelector')),
    ...validateLabelSelector(namespaceSelector, path.child('namespaceSelector')),
    ...(ipBlock === undefined ? [] : validateIpBlock(ipBlock, known, path.child('ipBlock'))),
  ];
  const selects = podSelector !== undefined || namespaceSelector !== undefined;
  if (!selects && ipBlock === undefined) errors.push(required(path, 'must specify a peer'));
  else if (selects && ipBlock !== undefined) {
    errors.push(forbiddenField(path, 'may not specify both ipBlock and another peer'));
  }
  return errors;
}

function validateIpBlock(
  { cidr = '', except = [] }: IpBlock,
  known: readonly string[],
  path: FieldPath,
): FieldError[] {
  const own = path.child('cidr');
  if (cidr === '') return [required(own)];
  const errors = validateCidr(cidr, own, known);
  const range = looseRange(cidr);
  if (range === undefined) return errors;
  except.forEach((each, index) => {
    const at = path.child('except').index(index);
    errors.push(...validateCidr(each, at, known));
    const inner = looseRange(each);
    if (inner === undefined) return;
    const inside =
      inner.family === range.family &&
      inner.size < range.size &&
      inner.base >= range.base &&
      inner.base < range.base + range.size;
    if (!inside) errors.push(invalidValue(at, each, 'must be a strict subset of `cidr`'));
  });
  return errors;
}

export function networkPolicyWarnings({ spec }: NetworkPolicy): string[] {
  return rulesOf(spec).flatMap(({ peers, peersPath }) =>
    peers.flatMap(({ ipBlock }, index) => {
      if (ipBlock === undefined) return [];
      const path = peersPath.index(index).child('ipBlock');
      return [
        ...cidrWarnings(path.child('cidr'), ipBlock.cidr),
        ...(ipBlock.except ?? []).flatMap((each, at) =>
          cidrWarnings(path.child('except').index(at), each),
        ),
      ];
    }),
  );
}
