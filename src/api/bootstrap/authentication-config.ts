// What the server tells others in ConfigMaps of kube-system: whom to trust, since when it tracks tokens.
import type { ConfigMap } from '../../objects.ts';
import type { ApiObject } from '../../registry/resource.ts';

/** The authorities that clients and front proxies prove themselves by, PEM. */
export interface TrustedAuthorities {
  readonly clientAuthority: string;
  /** Of the proxy that says in headers who asks; without one no such headers are announced. */
  readonly requestHeaderAuthority?: string;
}

/** What the certificate of the server is called when it stands before an aggregated one. */
export const frontProxyName = 'front-proxy-client';

/** `extension-apiserver-authentication`: what upstream's components and aggregated servers read. */
export function authenticationConfigMap(authorities: TrustedAuthorities): ApiObject {
  const { clientAuthority, requestHeaderAuthority } = authorities;
  const data: Record<string, string> = { 'client-ca-file': clientAuthority };
  if (requestHeaderAuthority !== undefined) {
    data['requestheader-allowed-names'] = JSON.stringify([frontProxyName]);
    data['requestheader-client-ca-file'] = requestHeaderAuthority;
    data['requestheader-extra-headers-prefix'] = '["X-Remote-Extra-"]';
    data['requestheader-group-headers'] = '["X-Remote-Group"]';
    data['requestheader-username-headers'] = '["X-Remote-User"]';
  }
  return configMap('extension-apiserver-authentication', data);
}

export const tokenTrackingName = 'kube-apiserver-legacy-service-account-token-tracking';

/**
 * Since when the server notes which tokens from Secrets are used. kube-controller-manager's cleaner
 * counts from it; a day that stands there already is kept.
 */
export function tokenTrackingConfigMap(current: ApiObject | undefined, nowMs: number): ApiObject {
  const { since } = (current?.data ?? {}) as { readonly since?: string };
  const today = new Date(nowMs).toISOString().slice(0, 10);
  return configMap(tokenTrackingName, { since: isDay(since) ? since : today });
}

function isDay(text: string | undefined): text is string {
  if (text === undefined || !/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const time = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
}

function configMap(name: string, data: Record<string, string>): ApiObject {
  const object: ConfigMap = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: 'kube-system' },
    data,
  };
  return object as ApiObject;
}
