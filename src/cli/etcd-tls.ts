// `--etcd-cafile`, `--etcd-certfile`, `--etcd-keyfile`: what `etcds://` trusts and presents.
import { readFile } from 'node:fs/promises';
import type { EtcdTls } from '../storage/etcd/connection.ts';
import { CliError } from './exit-codes.ts';

/** PEM files; kube-apiserver's flags of these names. */
export interface EtcdTlsFiles {
  /** Default: the authorities that Node.js trusts. */
  readonly etcdCafile?: string;
  readonly etcdCertfile?: string;
  readonly etcdKeyfile?: string;
}

/** @throws CliError for a certificate without its key, and a file that cannot be read */
export async function readEtcdTls(files: EtcdTlsFiles): Promise<EtcdTls> {
  const { etcdCafile, etcdCertfile, etcdKeyfile } = files;
  if ((etcdCertfile === undefined) !== (etcdKeyfile === undefined)) {
    throw new CliError('usage', '--etcd-certfile and --etcd-keyfile need each other');
  }
  const [ca, cert, key] = await Promise.all([
    readPem('--etcd-cafile', etcdCafile),
    readPem('--etcd-certfile', etcdCertfile),
    readPem('--etcd-keyfile', etcdKeyfile),
  ]);
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
}

async function readPem(flag: string, file: string | undefined): Promise<Uint8Array | undefined> {
  if (file === undefined) return undefined;
  try {
    return await readFile(file);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new CliError('badInput', `${flag}: cannot read ${file}: ${why}`, { cause });
  }
}
