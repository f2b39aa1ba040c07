import { Req, Res } from '@nestjs/common';
import { keysV1, MAX_DEADLINE_MS, type RpcClient } from '@castellan/rpc';
import { InjectRpcClient } from '@castellan/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';

import { Access, AdminController } from './access.guard.js';
import { callOptionsOf, pathParameter, readBody, sendJson } from './admin-request.js';
import { textSchema } from './json.js';
import { ADMIN_ROUTES } from './routes.js';

export const rotateBodySchema = z.object({ alg: textSchema });

const { KeyState } = keysV1;
export const stateNames: ReadonlyMap<keysV1.KeyState, string> = new Map([
  [KeyState.KEY_STATE_STAGED, 'staged'],
  [KeyState.KEY_STATE_PUBLISHED, 'published'],
  [KeyState.KEY_STATE_ACTIVE, 'active'],
  [KeyState.KEY_STATE_RETIRING, 'retiring'],
  [KeyState.KEY_STATE_RETIRED, 'retired'],
]);

/** The life cycle of the product's signing keys. */
@AdminController()
export class RotationController {
  constructor(@InjectRpcClient(keysV1.KeysService) private readonly keys: RpcClient<typeof keysV1.KeysService>) {}

  @Access(ADMIN_ROUTES.getRotation)
  async getRotation(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { sets } = await this.keys.getKeyPlan({}, callOptionsOf(request));
    sendJson(reply, 200, JSON.stringify({ sets: sets.map(planJson) }));
  }

  @Access(ADMIN_ROUTES.rotate)
  rotate(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.answerRotation(request, reply, false);
  }

  @Access(ADMIN_ROUTES.rotateAtOnce)
  rotateAtOnce(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.answerRotation(request, reply, true);
  }

  private async answerRotation(request: FastifyRequest, reply: FastifyReply, emergency: boolean): Promise<void> {
    const { alg } = readBody(request, rotateBodySchema);
    // A large RSA key takes seconds to find.
    const { plan } = await this.keys.rotateKey(
      { set: pathParameter(request, 'set'), algorithm: alg ?? '', emergency },
      { ...callOptionsOf(request), deadlineMs: MAX_DEADLINE_MS },
    );
    if (plan === undefined) {
      throw new Error('the key manager rotated a set and answered no plan');
    }
    sendJson(reply, 200, JSON.stringify(planJson(plan)));
  }
}

/** Times as RFC 3339, durations in seconds. */
function planJson(plan: keysV1.SetPlan) {
  const { set, algorithm, next } = plan;
  return {
    set,
    now: time(plan.nowMs),
    alg: algorithm,
    rotated_every_seconds: plan.everyMs / 1000,
    published_for_seconds: plan.visibleMs / 1000,
    shown_after_signing_for_seconds: plan.overlapMs / 1000,
    keys: plan.keys.map(keyJson),
    ...(next !== undefined
      ? {
          next: {
            staged_at: time(next.stageAtMs),
            published_at: time(next.publishAtMs),
            active_at: time(next.activateAtMs),
          },
        }
      : {}),
  };
}

function keyJson({ keyId, algorithm, state, sinceMs, nextState, nextAtMs, signatures }: keysV1.PlannedKey) {
  return {
    kid: keyId,
    alg: algorithm,
    state: stateNames.get(state) ?? '',
    since: time(sinceMs),
    signatures,
    ...(nextAtMs > 0 ? { next_state: stateNames.get(nextState) ?? '', next_at: time(nextAtMs) } : {}),
  };
}

function time(ms: number): string {
  return new Date(ms).toISOString();
}
