// What requests for devices mean when they leave something out.
import type { ClaimSpec, ExactRequest, SubRequest } from './types.ts';

/** `spec` is a claim's, or the one in a template. */
export function defaultClaimSpec(spec: ClaimSpec | undefined): void {
  for (const { exactly, firstAvailable = [] } of spec?.devices?.requests ?? []) {
    if (exactly !== undefined) defaultRequest(exactly);
    for (const subRequest of firstAvailable) defaultRequest(subRequest);
  }
}

/** One device, unless it says otherwise. */
export function defaultRequest(request: ExactRequest | SubRequest): void {
  request.allocationMode ||= 'ExactCount';
  if (request.allocationMode === 'ExactCount') request.count ||= 1;
  for (const toleration of request.tolerations ?? []) toleration.operator ||= 'Equal';
}
