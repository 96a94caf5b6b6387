// The API server that is measured: an address and credentials, read from any kubeconfig.
import { existsSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import { KubeConfig } from '@kubernetes/client-node';

/** Plain data, so that it travels to load processes. */
export interface Target {
  readonly host: string;
  readonly port: number;
  /** Of the server's URL, without a slash at its end; mostly empty. */
  readonly basePath: string;
  readonly secure: boolean;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly token?: string;
  readonly skipVerify: boolean;
}

/** @throws when the file is missing or names no cluster */
export async function targetFromKubeconfig(file: string, context?: string): Promise<Target> {
  if (!existsSync(file)) throw new Error(`cannot read kubeconfig ${file}: there is no such file`);
  const config = new KubeConfig();
  config.loadFromFile(file);
  if (context !== undefined) config.setCurrentContext(context);
  const cluster = config.getCurrentCluster();
  if (cluster === null) throw new Error(`${file} has no current cluster`);
  const options: ConnectionOptions & { headers?: Record<string, string> } = {};
  await config.applyToHTTPSOptions(options);
  const url = new URL(cluster.server);
  const text = (value: unknown) =>
    typeof value === 'string' || Buffer.isBuffer(value) ? value.toString() : undefined;
  const [ca, cert, key] = [text(options.ca), text(options.cert), text(options.key)];
  const token = /^Bearer (.+)$/.exec(options.headers?.Authorization ?? '')?.[1];
  return {
    host: url.hostname,
    port: Number(url.port) || (url.protocol === 'https:' ? 443 : 80),
    basePath: url.pathname.replace(/\/$/, ''),
    secure: url.protocol === 'https:',
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(token === undefined ? {} : { token }),
    skipVerify: cluster.skipTLSVerify === true,
  };
}

/** Options for `tls.connect`, with the protocol that ALPN shall choose. */
export function tlsOptions(target: Target, protocol: 'http/1.1' | 'h2'): ConnectionOptions {
  const { ca, cert, key } = target;
  return {
    host: target.host,
    port: target.port,
    ALPNProtocols: [protocol],
    rejectUnauthorized: !target.skipVerify,
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
}
