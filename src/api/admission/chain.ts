// The admission chain: built-in plugins in upstream's order, first all that mutate, then all that check.
import type { Admission, AdmissionAttributes } from '../../registry/engine/types.ts';
import { certificateSigners } from './certificate-signers.ts';
import { defaultIngressClass } from './default-ingress-class.ts';
import { defaultStorageClass } from './default-storage-class.ts';
import { defaultTolerationSeconds } from './default-toleration-seconds.ts';
import { limitRanger } from './limit-ranger.ts';
import { namespaceLifecycle } from './namespace-lifecycle.ts';
import { nodeRestriction } from './node-restriction.ts';
import { persistentVolumeClaimResize } from './persistent-volume-claim-resize.ts';
import type { AdmissionParts, AdmissionPlugin } from './plugin.ts';
import { policyParams } from './policy-params.ts';
import { priority } from './priority.ts';
import { rbacEscalation } from './rbac-escalation.ts';
import { resourceClaims } from './resource-claims.ts';
import { runtimeClass } from './runtime-class.ts';
import { serviceAccount } from './service-account.ts';
import { serviceAddresses } from './service-addresses.ts';
import { storageObjectInUseProtection } from './storage-object-in-use-protection.ts';
import { taintNodesByCondition } from './taint-nodes-by-condition.ts';

/** In the order they run. */
function builtinPlugins(parts: AdmissionParts): readonly AdmissionPlugin[] {
  return [
    namespaceLifecycle(parts),
    limitRanger(parts),
    serviceAccount(parts),
    nodeRestriction(parts),
    taintNodesByCondition(),
    priority(parts),
    defaultTolerationSeconds(),
    defaultStorageClass(parts),
    storageObjectInUseProtection(),
    persistentVolumeClaimResize(parts),
    runtimeClass(parts),
    certificateSigners(parts),
    defaultIngressClass(parts),
    rbacEscalation(parts),
    serviceAddresses(parts),
    resourceClaims(parts),
    policyParams(parts),
  ];
}

/** Made before the registry that calls it and configured with what only exists after. */
export class AdmissionChain implements Admission {
  #plugins: readonly AdmissionPlugin[] = [];

  configure(parts: AdmissionParts): void {
    this.#plugins = builtinPlugins(parts);
  }

  async mutate(attributes: AdmissionAttributes): Promise<void> {
    for (const plugin of this.#plugins) {
      const waiting = plugin.mutate?.(attributes);
      if (waiting !== undefined) await waiting;
    }
  }

  async validate(attributes: AdmissionAttributes): Promise<void> {
    for (const plugin of this.#plugins) {
      const waiting = plugin.validate?.(attributes);
      if (waiting !== undefined) await waiting;
    }
  }
}
