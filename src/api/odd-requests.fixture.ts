// Tables of odd requests: each is sent to a real API server, and its answer compared.
import type { Test } from 'tap';
import type { TestApi } from './api.fixture.ts';

export const core = '/api/v1/namespaces/default';
export const maps = `${core}/configmaps`;

export interface Odd {
  readonly what: string;
  readonly method?: string;
  readonly url: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly status: number;
  readonly message?: RegExp;
}

/** A service account for pods, and a ConfigMap `a`. */
export async function addBasics({ call }: TestApi): Promise<void> {
  await call('POST', `${core}/serviceaccounts`, { metadata: { name: 'default' } });
  await call('POST', maps, { metadata: { name: 'a' }, data: { k: 'v' } });
}

export function patch(type: string): Readonly<Record<string, string>> {
  return { 'content-type': `application/${type}` };
}

export async function checkAll(t: Test, { call }: TestApi, rows: readonly Odd[]): Promise<void> {
  for (const { what, method = 'GET', url, body, headers, status, message } of rows) {
    const answer = await call(method, url, body, headers);
    t.equal(answer.status, status, `${what}: ${JSON.stringify(answer.body).slice(0, 300)}`);
    if (message !== undefined) t.match(answer.body.message, message, what);
  }
}
