// Name resolution of pods: policy, own servers and searches, host aliases.
import type { PodSpec } from '../../objects.ts';
import { type FieldError, type FieldPath, invalidValue, notSupported, required } from '../field.ts';
import { validateDns1123Subdomain, validateSearchDomain } from '../metadata/names.ts';
import { invalidEach } from '../metadata/object-meta.ts';
import { validateIp } from './ip-validation.ts';

const nameserversMax = 3;
const searchPathsMax = 32;
const searchCharactersMax = 2048;
const policies = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'];

export function validateDnsPolicy(policy: string | undefined, path: FieldPath): FieldError[] {
  if (!policy) return [required(path)];
  return policies.includes(policy) ? [] : [notSupported(path, policy, policies)];
}

export function validateDnsConfig(spec: PodSpec, path: FieldPath): FieldError[] {
  const config = spec.dnsConfig;
  const nameservers = config?.nameservers ?? [];
  if (spec.dnsPolicy === 'None') {
    const why = 'must provide at least one DNS nameserver when `dnsPolicy` is None';
    if (config === undefined)
      return [required(path, 'must provide `dnsConfig` when `dnsPolicy` is None')];
    if (nameservers.length === 0) return [required(path.child('nameservers'), why)];
  }
  if (!config) return [];
  const errors: FieldError[] = [];
  if (nameservers.length > nameserversMax) {
    const why = `must not have more than ${nameserversMax} nameservers`;
    errors.push(invalidValue(path.child('nameservers'), nameservers, why));
  }
  nameservers.forEach((server, index) => {
    errors.push(...validateIp(server, path.child('nameservers').index(index)));
  });
  return [
    ...errors,
    ...validateSearches(config.searches ?? [], path.child('searches')),
    ...validateOptions(config.options ?? [], path),
  ];
}

function validateSearches(searches: readonly string[], path: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  if (searches.length > searchPathsMax) {
    const why = `must not have more than ${searchPathsMax} search paths`;
    errors.push(invalidValue(path, searches, why));
  }
  if (searches.join(' ').length > searchCharactersMax) {
    const why = `must not have more than ${searchCharactersMax} characters (including spaces) in the search list`;
    errors.push(invalidValue(path, searches, why));
  }
  searches.forEach((search, index) => {
    // A trailing dot is allowed, and so is the root itself.
    if (search === '.') return;
    const name = search.endsWith('.') ? search.slice(0, -1) : search;
    errors.push(...invalidEach(path.index(index), search, validateSearchDomain(name)));
  });
  return errors;
}

function validateOptions(
  options: readonly { readonly name?: string }[],
  path: FieldPath,
): FieldError[] {
  return options.flatMap(({ name }, index) =>
    name ? [] : [required(path.child('options').index(index), 'must not be empty')],
  );
}

export function validateHostAliases(
  aliases: NonNullable<PodSpec['hostAliases']>,
  path: FieldPath,
): FieldError[] {
  return aliases.flatMap((alias, index) => {
    const own = path.index(index);
    return [
      ...validateIp(alias.ip, own.child('ip')),
      ...(alias.hostnames ?? []).flatMap((name, at) =>
        invalidEach(own.child('hostnames').index(at), name, validateDns1123Subdomain(name)),
      ),
    ];
  });
}
