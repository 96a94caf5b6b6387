// The controllers that every cluster runs.
import { certificateApproverController } from './certificate-signing.ts';
import { clusterDnsController } from './cluster-dns.ts';
import { clusterRoleAggregationController } from './cluster-role-aggregation.ts';
import { deploymentController } from './deployment.ts';
import { disruptionController } from './disruption.ts';
import { endpointsController } from './endpoints.ts';
import { endpointSliceController } from './endpointslice.ts';
import { endpointSliceMirroringController } from './endpointslice-mirroring.ts';
import { garbageCollectorController } from './garbage-collector.ts';
import { namespaceController } from './namespace.ts';
import { rootCaController, serviceAccountController } from './namespace-defaults.ts';
import { nodeAddressController } from './node-addresses.ts';
import { nodeLifecycleController } from './node-lifecycle.ts';
import { podGarbageController } from './pod-garbage.ts';
import { replicaSetController, replicationController } from './replicaset.ts';
import {
  type Controller,
  type RunnerOptions,
  type RunningControllers,
  runControllers,
} from './runner.ts';
import { serviceCidrController } from './service-cidr.ts';
import {
  attributesClassProtectionController,
  claimProtectionController,
  volumeProtectionController,
} from './storage-protection.ts';

export const builtinControllers: readonly Controller[] = [
  serviceAccountController,
  rootCaController,
  namespaceController,
  deploymentController,
  replicaSetController,
  replicationController,
  endpointSliceController,
  endpointSliceMirroringController,
  endpointsController,
  clusterDnsController,
  clusterRoleAggregationController,
  garbageCollectorController,
  nodeLifecycleController,
  nodeAddressController,
  podGarbageController,
  certificateApproverController,
  serviceCidrController,
  disruptionController,
  claimProtectionController,
  volumeProtectionController,
  attributesClassProtectionController,
];

/** Starts them all; they stop when `signal` aborts. */
export function startControllers(options: RunnerOptions): RunningControllers {
  return runControllers(builtinControllers, options);
}
