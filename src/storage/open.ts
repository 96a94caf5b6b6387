// Opens the store that a --storage value names; drivers are loaded only when they are asked for.
import type { Clock } from '../clock.ts';
import type { Logger } from '../logger.ts';
import type { Driver } from './driver.ts';
import type { EtcdTls } from './etcd/connection.ts';

/** The storage value is none; the message says in one sentence what would be. */
export class StorageSpecError extends Error {
  readonly code = 'ERR_STORAGE_SPEC';
}

export type StorageSpec =
  | { readonly kind: 'memory' }
  | { readonly kind: 'leveldb'; readonly directory: string }
  | { readonly kind: 'etcd'; readonly endpoints: readonly string[]; readonly secure: boolean };

/**
 * Reads `memory:`, `leveldb:<directory>` or `etcd://host:port[,host:port]` (`etcds://` for TLS).
 *
 * @throws StorageSpecError
 */
export function parseStorageSpec(spec: string): StorageSpec {
  if (spec === 'memory:' || spec === 'memory') return { kind: 'memory' };
  if (spec.startsWith('leveldb:')) {
    const directory = spec.slice('leveldb:'.length);
    if (directory !== '') return { kind: 'leveldb', directory };
    throw new StorageSpecError(
      'storage "leveldb:" needs a directory, as in leveldb:/var/lib/coracle',
    );
  }
  const match = /^etcd(s?):\/\/([^/]*)\/?$/.exec(spec);
  if (match !== null) {
    const endpoints = (match[2] ?? '').split(',');
    for (const endpoint of endpoints) assertEndpoint(spec, endpoint);
    return { kind: 'etcd', endpoints, secure: match[1] === 's' };
  }
  throw new StorageSpecError(
    `storage ${JSON.stringify(spec)} is none of memory:, leveldb:<directory> and ` +
      'etcd://host:port[,host:port]',
  );
}

function assertEndpoint(spec: string, endpoint: string): void {
  const match = /^(?:[A-Za-z0-9._-]+|\[[0-9a-fA-F:.]+\]):(\d{1,5})$/.exec(endpoint);
  const port = Number(match?.[1] ?? 0);
  if (port >= 1 && port <= 65_535) return;
  throw new StorageSpecError(
    `storage ${JSON.stringify(spec)} has the endpoint ${JSON.stringify(endpoint)}, ` +
      'which is no host:port',
  );
}

/**
 * Opens the store that `spec` names.
 *
 * @param deps.durable for LevelDB: whether answered writes survive a power cut; default true
 * @param deps.tls for etcd: what `etcds://` trusts and presents
 * @throws StorageSpecError, and what the driver's opening throws
 */
export async function openStorage(
  spec: string,
  deps: {
    readonly clock: Clock;
    readonly logger: Logger;
    readonly durable?: boolean;
    readonly tls?: EtcdTls;
  },
): Promise<Driver> {
  const { clock, logger } = deps;
  const parsed = parseStorageSpec(spec);
  switch (parsed.kind) {
    case 'memory': {
      const { createMemoryDriver } = await import('./memory.ts');
      return createMemoryDriver({ clock });
    }
    case 'leveldb': {
      const { openLevelDriver } = await import('./leveldb/driver.ts');
      const { durable = true } = deps;
      return openLevelDriver({ directory: parsed.directory, clock, logger, durable });
    }
    case 'etcd': {
      const { openEtcdDriver } = await import('./etcd/driver.ts');
      const tls = parsed.secure ? { tls: deps.tls ?? {} } : {};
      return openEtcdDriver({ endpoints: parsed.endpoints, clock, logger, ...tls });
    }
  }
}
