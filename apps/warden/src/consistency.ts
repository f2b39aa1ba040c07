import { RpcError, wardenV1 } from '@castellan/rpc';

/**
 * How new the policies must be that a decision is made by. `current` and `fully_consistent`: every write that returned
 * before the request is seen; only the latter is never answered from a cache. `at_least`: every write up to a revision.
 * `minimize_latency`: of a bounded age.
 */
export type Consistency =
  | { readonly kind: 'current' | 'fully_consistent' | 'minimize_latency' }
  | { readonly kind: 'at_least'; readonly revision: number };

const { ConsistencyMode } = wardenV1;

/** Reads what a request demands; nothing is `current`. Throws RpcError INVALID_ARGUMENT for what it cannot honour. */
export function readConsistency(message: wardenV1.Consistency | undefined): Consistency {
  const { mode, revision } = message ?? { mode: ConsistencyMode.CONSISTENCY_MODE_UNSPECIFIED, revision: 0 };
  if (mode === ConsistencyMode.CONSISTENCY_MODE_AT_LEAST) {
    if (revision <= 0) throw new RpcError('INVALID_ARGUMENT', 'consistency: AT_LEAST needs a revision');
    return { kind: 'at_least', revision };
  }
  if (revision !== 0) throw new RpcError('INVALID_ARGUMENT', 'consistency: only AT_LEAST takes a revision');
  const kind = kinds.get(mode);
  if (kind === undefined) throw new RpcError('INVALID_ARGUMENT', 'consistency: the mode is not known');
  return { kind };
}

const kinds: ReadonlyMap<wardenV1.ConsistencyMode, 'current' | 'fully_consistent' | 'minimize_latency'> = new Map([
  [ConsistencyMode.CONSISTENCY_MODE_UNSPECIFIED, 'current'],
  [ConsistencyMode.CONSISTENCY_MODE_FULLY_CONSISTENT, 'fully_consistent'],
  [ConsistencyMode.CONSISTENCY_MODE_MINIMIZE_LATENCY, 'minimize_latency'],
]);
