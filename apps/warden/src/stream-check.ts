import { RpcError, type RpcCode, toGrpcStatus, wardenV1 } from '@castellan/rpc';
import type { StreamRules } from '@castellan/service';

/** What is said of the caller, not of its question: it may not go on asking. */
const endsStream: ReadonlySet<RpcCode> = new Set(['UNAUTHENTICATED', 'PERMISSION_DENIED']);

/** How the questions of a stream are told apart, timed and refused. */
export const wardenStreams: StreamRules<typeof wardenV1.WardenService> = {
  streamCheck: {
    idOf: ({ id }) => id,
    deadlineMsOf: ({ deadlineMs }) => deadlineMs,
    refuse: ({ id }, error) => (endsStream.has(error.code) ? undefined : refusalOf(id, error)),
    goingAway: { id: 0, goingAway: true },
  },
};

function refusalOf(id: number, { code, message }: RpcError): wardenV1.StreamCheckResponse {
  if (code === 'INVALID_ARGUMENT') return { id, invalidArgument: message, goingAway: false };
  return { id, failure: { code: toGrpcStatus(code), message }, goingAway: false };
}

/** How the kinds of questions are answered. */
export type StreamAnswers = {
  readonly check: (check: wardenV1.CheckRequest) => Promise<wardenV1.CheckResponse>;
  readonly checkToken: (check: wardenV1.CheckTokenRequest) => Promise<wardenV1.CheckTokenResponse>;
};

/** Answers one question of a stream. Throws RpcError as the answers do, INVALID_ARGUMENT where nothing is asked. */
export async function answerQuestion(
  { id, check, checkToken }: wardenV1.StreamCheckRequest,
  answers: StreamAnswers,
): Promise<wardenV1.StreamCheckResponse> {
  if (check !== undefined) return { id, decision: await answers.check(check), goingAway: false };
  if (checkToken !== undefined) return { id, tokenDecision: await answers.checkToken(checkToken), goingAway: false };
  throw new RpcError('INVALID_ARGUMENT', 'check or check_token is missing');
}
