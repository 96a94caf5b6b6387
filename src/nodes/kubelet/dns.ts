// A pod's host name and resolver settings from its DNS policy.
import { readFile } from 'node:fs/promises';
import type { Pod } from '../../objects.ts';
import type { SandboxConfig } from '../runtime.ts';
import { identityOf } from './pod.ts';

export interface DnsOptions {
  readonly clusterDns: readonly string[];
  readonly clusterDomain: string;
  readonly resolvConf: string;
}

type Dns = NonNullable<SandboxConfig['dns']>;

/** What a resolv.conf says. */
export function parseResolvConf(text: string): Dns {
  const servers: string[] = [];
  let searches: string[] = [];
  let options: string[] = [];
  for (const line of text.split('\n')) {
    const [key, ...values] = line
      .replace(/[#;].*$/, '')
      .trim()
      .split(/\s+/);
    if (key === 'nameserver' && values[0] !== undefined) servers.push(values[0]);
    if (key === 'search') searches = values.map((value) => value.replace(/(?<=.)\.$/, ''));
    if (key === 'options') options = values;
  }
  return { servers, searches, options };
}

async function nodeDns(options: DnsOptions): Promise<Dns> {
  return parseResolvConf(await readFile(options.resolvConf, 'utf8').catch(() => ''));
}

/** The resolver settings of `pod`: its policy, then its own dnsConfig merged in. */
export async function podDns(pod: Pod, options: DnsOptions): Promise<Dns> {
  const policy = pod.spec?.dnsPolicy ?? 'ClusterFirst';
  const { namespace } = identityOf(pod);
  let base: Dns = { servers: [], searches: [], options: [] };
  const clusterFirst =
    policy === 'ClusterFirstWithHostNet' ||
    (policy === 'ClusterFirst' && pod.spec?.hostNetwork !== true);
  if (clusterFirst && options.clusterDns.length > 0) {
    const host = await nodeDns(options);
    const domain = options.clusterDomain;
    const searches = [`${namespace}.svc.${domain}`, `svc.${domain}`, domain, ...host.searches];
    base = { servers: options.clusterDns, searches: unique(searches), options: ['ndots:5'] };
  } else if (policy !== 'None') {
    base = await nodeDns(options);
  }
  const own = pod.spec?.dnsConfig;
  if (own === undefined) return base;
  const optionNames = new Set((own.options ?? []).map(({ name }) => name));
  const kept = base.options.filter((option) => !optionNames.has(option.split(':')[0] ?? ''));
  const added = (own.options ?? []).map(({ name = '', value }) =>
    value === undefined ? name : `${name}:${value}`,
  );
  return {
    servers: unique([...base.servers, ...(own.nameservers ?? [])]).slice(0, 3),
    searches: unique([...base.searches, ...(own.searches ?? [])]).slice(0, 32),
    options: [...kept, ...added],
  };
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)];
}

/** Host name and domain: `hostname.subdomain.namespace.svc.<cluster>` where a subdomain is set. */
export function podHostname(
  pod: Pod,
  clusterDomain: string,
): { readonly hostname: string; readonly domain: string; readonly shown: string } {
  const { namespace, name } = identityOf(pod);
  const override = (pod.spec as { hostnameOverride?: string } | undefined)?.hostnameOverride;
  const wanted = pod.spec?.hostname || name;
  const hostname = override ?? wanted.slice(0, 63).replace(/[-.]+$/, '');
  const { subdomain } = pod.spec ?? {};
  const domain = subdomain && !override ? `${subdomain}.${namespace}.svc.${clusterDomain}` : '';
  const fqdn = pod.spec?.setHostnameAsFQDN === true && domain !== '';
  if (fqdn && hostname.length + domain.length + 1 > 64) {
    throw new Error(
      `failed to construct FQDN from pod hostname and cluster domain, FQDN ${hostname}.${domain} ` +
        `is too long (64 characters is the max, ${hostname.length + domain.length + 1} characters requested)`,
    );
  }
  return { hostname, domain, shown: fqdn ? `${hostname}.${domain}` : hostname };
}
