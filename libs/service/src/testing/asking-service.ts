import { Injectable, type DynamicModule } from '@nestjs/common';
import { RpcError, toGrpcStatus, wardenV1, type CallContext, type RpcHandlers } from '@castellan/rpc';
import { RpcService } from '../rpc/rpc-service.js';
import type { StreamRules } from '../rpc/stream-rule.js';

const { WardenService } = wardenV1;

const rules: StreamRules<typeof WardenService> = {
  streamCheck: {
    idOf: ({ id }) => id,
    deadlineMsOf: ({ deadlineMs }) => deadlineMs,
    refuse: ({ id }, { code, message }) =>
      code === 'PERMISSION_DENIED'
        ? undefined
        : { id, failure: { code: toGrpcStatus(code), message }, goingAway: false },
    goingAway: { id: 0, goingAway: true },
  },
};

/** A service with an rpc of two streams: allows Peter, holds back who is called `hold`, and breaks at some others. */
@Injectable()
@RpcService(
  WardenService,
  {
    check: ['client', 'bearer'],
    checkToken: ['admin'],
    batchCheck: ['client'],
    streamCheck: ['client', 'bearer'],
    explain: [],
  },
  rules,
)
export class AskingService implements RpcHandlers<typeof WardenService> {
  readonly calls: { readonly id: number; readonly context: CallContext }[] = [];
  private readonly held: (() => void)[] = [];

  async check({ subject }: wardenV1.CheckRequest, context: CallContext): Promise<wardenV1.CheckResponse> {
    this.calls.push({ id: -1, context });
    return { allowed: subject === 'peter', reason: 0, revision: 1 };
  }

  async streamCheck(
    { id, check }: wardenV1.StreamCheckRequest,
    context: CallContext,
  ): Promise<wardenV1.StreamCheckResponse> {
    this.calls.push({ id, context });
    const subject = check?.subject ?? '';
    if (subject === 'hold') await new Promise<void>((resolve) => this.held.push(resolve));
    if (subject === 'break') throw new Error('broke');
    if (subject === 'refuse') throw new RpcError('FAILED_PRECONDITION', 'not now');
    if (subject === 'end') throw new RpcError('PERMISSION_DENIED', 'no more');
    return { id, decision: { allowed: subject === 'peter', reason: 0, revision: 1 }, goingAway: false };
  }

  /** Answers what is held back, the last first. */
  letGo(): void {
    for (const resolve of this.held.splice(0).reverse()) resolve();
  }

  checkToken = () => refuse();
  batchCheck = () => refuse();
  explain = () => refuse();
}

function refuse(): Promise<never> {
  return Promise.reject(new RpcError('UNIMPLEMENTED', 'nobody asks this'));
}

/** Module that serves it. */
export function askingModule(): DynamicModule {
  return { module: class {}, providers: [AskingService] };
}
