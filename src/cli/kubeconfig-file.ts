// Reads, merges and writes kubeconfig files as kubectl does: other entries stay as they are.
import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { Document, parseDocument } from 'yaml';

/** What a client needs to reach a cluster as its administrator; PEM text. */
export interface ClusterAccess {
  readonly server: string;
  readonly certificateAuthority: string;
  readonly clientCertificate: string;
  readonly clientKey: string;
}

interface NamedEntry {
  readonly [key: string]: unknown;
  readonly name: string;
}

const lists = ['clusters', 'users', 'contexts'] as const;

/** The file that kubectl would write: the first of `$KUBECONFIG`, else `~/.kube/config`. */
export function userKubeconfigPath(environment: NodeJS.ProcessEnv): string {
  const first = (environment.KUBECONFIG ?? '').split(':').find((path) => path !== '');
  return first ?? join(homedir(), '.kube', 'config');
}

/** The name of a cluster's context, user and cluster entries. */
export function contextName(cluster: string): string {
  return `coracle-${cluster}`;
}

/** A kubeconfig with nothing but this cluster, as YAML. */
export function renderKubeconfig(cluster: string, access: ClusterAccess): string {
  const document = new Document({ apiVersion: 'v1', kind: 'Config' });
  setEntries(document, cluster, access);
  document.set('current-context', contextName(cluster));
  return document.toString({ lineWidth: 0 });
}

/** Adds or replaces the cluster's entries in `path` and makes its context the current one. */
export function mergeKubeconfig(path: string, cluster: string, access: ClusterAccess): void {
  const document = load(path);
  if (document.get('apiVersion') === undefined) document.set('apiVersion', 'v1');
  if (document.get('kind') === undefined) document.set('kind', 'Config');
  setEntries(document, cluster, access);
  document.set('current-context', contextName(cluster));
  save(path, document);
}

/** Takes the cluster's entries out of `path`; does nothing when none is there. */
export function removeFromKubeconfig(path: string, cluster: string): void {
  const document = load(path);
  const name = contextName(cluster);
  let changed = false;
  for (const list of lists) {
    const entries = readEntries(document, list);
    const kept = entries.filter((entry) => entry.name !== name);
    if (kept.length === entries.length) continue;
    document.set(list, kept);
    changed = true;
  }
  if (document.get('current-context') === name) {
    document.set('current-context', '');
    changed = true;
  }
  if (changed) save(path, document);
}

function setEntries(document: Document, cluster: string, access: ClusterAccess): void {
  const name = contextName(cluster);
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  replaceEntry(document, 'clusters', {
    name,
    cluster: {
      server: access.server,
      'certificate-authority-data': base64(access.certificateAuthority),
    },
  });
  replaceEntry(document, 'users', {
    name,
    user: {
      'client-certificate-data': base64(access.clientCertificate),
      'client-key-data': base64(access.clientKey),
    },
  });
  replaceEntry(document, 'contexts', { name, context: { cluster: name, user: name } });
}

function replaceEntry(document: Document, list: (typeof lists)[number], entry: NamedEntry): void {
  const others = readEntries(document, list).filter((each) => each.name !== entry.name);
  document.set(list, [...others, entry]);
}

function readEntries(document: Document, list: (typeof lists)[number]): NamedEntry[] {
  const value = (document.toJS() as Record<string, unknown>)[list];
  return Array.isArray(value) ? (value as NamedEntry[]) : [];
}

function load(path: string): Document {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new Document({});
    throw error;
  }
  const document = parseDocument(text);
  const [problem] = document.errors;
  if (problem !== undefined) throw new Error(`${path} is no YAML: ${problem.message}`);
  return document.contents === null ? new Document({}) : (document as unknown as Document);
}

function save(path: string, document: Document): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const draft = `${path}.coracle-new`;
  writeFileSync(draft, document.toString({ lineWidth: 0 }), { mode: 0o600 });
  chmodSync(draft, 0o600);
  renameSync(draft, path);
}
