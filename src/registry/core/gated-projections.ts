// Sources of projected volumes whose feature gates are off by default: dropped, as upstream does.
import type { PodSpec } from '../../objects.ts';

const gated = ['clusterTrustBundle', 'podCertificate'] as const;
type Gated = (typeof gated)[number];

function uses(spec: PodSpec | undefined, source: Gated): boolean {
  return (spec?.volumes ?? []).some(({ projected }) =>
    (projected?.sources ?? []).some((each) => each[source] !== undefined),
  );
}

/** Drops what ClusterTrustBundleProjection and PodCertificateRequest gate, unless `old` has it. */
export function dropGatedProjections(spec: PodSpec | undefined, old: PodSpec | undefined): void {
  for (const source of gated) {
    if (!uses(spec, source) || uses(old, source)) continue;
    for (const { projected } of spec?.volumes ?? []) {
      for (const each of projected?.sources ?? []) delete each[source];
    }
  }
}
