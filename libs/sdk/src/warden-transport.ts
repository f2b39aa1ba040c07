import {
  type CallOptions,
  createRpcChannelClient,
  fromGrpcStatus,
  openRpcChannel,
  type RpcChannel,
  type RpcChannelOptions,
  type RpcClient,
  RpcError,
  wardenV1,
} from '@castellan/rpc';

/** The rpcs that decide, whichever way they travel. They reject with RpcError. */
export type WardenTransport = Pick<RpcClient<typeof wardenV1.WardenService>, 'check' | 'checkToken' | 'batchCheck'> & {
  close(): void;
};

export type WardenTransportOptions = {
  readonly target: string;
  readonly security: RpcChannelOptions['security'];
  /** `unary`: each check is a call of gRPC. `stream`: checks and token checks travel on one stream. */
  readonly transport: 'unary' | 'stream';
};

/** Opens a channel to the Warden; it connects at the first call and again whenever the connection is lost. */
export function openWardenTransport({ target, security, transport }: WardenTransportOptions): WardenTransport {
  const channel = openRpcChannel({ target, security });
  const { check, checkToken, batchCheck } = createRpcChannelClient(wardenV1.WardenService, channel);
  const single = transport === 'stream' ? streamOver(channel) : { check, checkToken };
  return { ...single, batchCheck, close: () => channel.close() };
}

function streamOver(channel: RpcChannel): Pick<WardenTransport, 'check' | 'checkToken'> {
  const stream = channel.openMessages(wardenV1.WardenService.streamCheck, {
    idOf: ({ id }) => id,
    isGoingAway: ({ goingAway }) => goingAway,
  });
  const ask = (
    question: Pick<wardenV1.StreamCheckRequest, 'check' | 'checkToken'>,
    options: CallOptions | undefined,
  ): Promise<wardenV1.StreamCheckResponse> =>
    stream.ask((id, deadlineMs) => ({ id, deadlineMs, ...question }), {
      ...(options?.deadlineMs === undefined ? {} : { deadlineMs: options.deadlineMs }),
      ...(options?.bearer === undefined ? {} : { bearer: options.bearer }),
    });
  return {
    async check(check, options) {
      const answer = await ask({ check }, options);
      return answer.decision ?? refuse(answer);
    },
    async checkToken(checkToken, options) {
      const answer = await ask({ checkToken }, options);
      return answer.tokenDecision ?? refuse(answer);
    },
  };
}

/** Throws what an answer without the decision that was asked for stands for. */
function refuse({ invalidArgument, failure }: wardenV1.StreamCheckResponse): never {
  if (invalidArgument !== undefined) throw new RpcError('INVALID_ARGUMENT', invalidArgument);
  if (failure !== undefined) throw fromGrpcStatus(failure.code, failure.message);
  throw new RpcError('INTERNAL', 'the answer holds no decision');
}
