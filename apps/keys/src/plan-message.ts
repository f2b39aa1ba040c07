import type { KeyState, PlannedKey, SetPlan } from '@castellan/jwk';
import { keysV1 } from '@castellan/rpc';

const states: Readonly<Record<KeyState | 'retired', keysV1.KeyState>> = {
  staged: keysV1.KeyState.KEY_STATE_STAGED,
  published: keysV1.KeyState.KEY_STATE_PUBLISHED,
  active: keysV1.KeyState.KEY_STATE_ACTIVE,
  retiring: keysV1.KeyState.KEY_STATE_RETIRING,
  retired: keysV1.KeyState.KEY_STATE_RETIRED,
};

/** A plan as it crosses gRPC; times are whole milliseconds. */
export function toPlanMessage(plan: SetPlan): keysV1.SetPlan {
  const { set, algorithm, visibleMs, overlapMs, everyMs = 0, now, next } = plan;
  return {
    set,
    algorithm,
    visibleMs: Math.round(visibleMs),
    overlapMs: Math.round(overlapMs),
    everyMs: Math.round(everyMs),
    keys: plan.keys.map(toKeyMessage),
    next:
      next === undefined
        ? undefined
        : {
            stageAtMs: Math.round(next.stageAt),
            publishAtMs: Math.round(next.publishAt),
            activateAtMs: Math.round(next.activateAt),
          },
    nowMs: Math.round(now),
  };
}

function toKeyMessage({ kid, algorithm, state, since, next, signatures }: PlannedKey): keysV1.PlannedKey {
  return {
    keyId: kid,
    algorithm,
    state: states[state],
    sinceMs: Math.round(since),
    nextState: next === undefined ? keysV1.KeyState.KEY_STATE_UNSPECIFIED : states[next.state],
    nextAtMs: next === undefined ? 0 : Math.round(next.at),
    signatures,
  };
}
