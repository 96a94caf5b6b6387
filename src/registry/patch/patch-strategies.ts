// The typed patches that the engine is given.
import type { PatchStrategies } from '../engine/ports.ts';
import type { TypeTable } from '../schema/types.ts';
import { strategicMerge } from './strategic-merge.ts';

/** The engine's `PatchStrategies` over a type table. */
export function createPatchStrategies(types: TypeTable): PatchStrategies {
  return {
    strategicMerge: (current, patch, schema) => strategicMerge(types, current, patch, schema),
  };
}
