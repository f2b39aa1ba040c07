import {
  acceptLogoutRequest,
  endSession,
  type EndSessionOutcome,
  getLogoutRequest,
  type LogoutTools,
  rejectLogoutRequest,
} from '@castellan/oauth2';
import { type CallContext, logoutV1, type PeerTable, RpcError, type RpcHandlers } from '@castellan/rpc';
import { type Logger, RpcService } from '@castellan/service';
import { toDatedClientMessage } from './client-message.js';
import { answerOrStatus, toErrorMessage, toFault } from './rpc-answer.js';

/** Who may call which rpc of Logout: the door that holds the browser's connection, and the admin API for the app. */
export const logoutPeers: PeerTable<typeof logoutV1.LogoutService> = {
  endSession: ['gateway'],
  getLogoutRequest: ['admin'],
  acceptLogoutRequest: ['admin'],
  rejectLogoutRequest: ['admin'],
};

/** The service Logout: the end session endpoint without HTTP, and the requests that wait for the user's word. */
@RpcService(logoutV1.LogoutService, logoutPeers)
export class LogoutRpc implements RpcHandlers<typeof logoutV1.LogoutService> {
  constructor(
    private readonly tools: LogoutTools,
    private readonly logger: Logger,
  ) {}

  async endSession(
    { posted, parameters, cookies, secure }: logoutV1.EndSessionRequest,
    { requestId }: CallContext,
  ): Promise<logoutV1.EndSessionResponse> {
    const input = { method: posted ? 'POST' : 'GET', parameters, cookies, secure } as const;
    const outcome = await endSession(input, this.tools).catch((cause: unknown) => {
      throw toFault(cause);
    });
    if (outcome.kind === 'error-page') {
      const { code, hint } = outcome.error;
      this.logger.info('Logout refused', {
        error: code,
        ...(hint !== undefined ? { hint } : {}),
        request_id: requestId,
      });
    }
    return { ...answerOf(outcome), setCookies: [...outcome.cookies] };
  }

  async getLogoutRequest({ challenge }: logoutV1.GetLogoutRequestRequest): Promise<logoutV1.GetLogoutRequestResponse> {
    const found = await answerOrStatus(getLogoutRequest(challenge, this.tools));
    if (found === undefined) throw notFound();
    if (found.kind === 'handled') return { handledRedirectTo: found.redirectTo };
    const { request, client } = found;
    return {
      request: {
        challenge,
        subject: request.subject,
        sid: request.sid,
        requestUrl: request.requestUrl,
        rpInitiated: request.rpInitiated,
        client: client === undefined ? undefined : toDatedClientMessage(client),
        requestedAtMs: request.requestedAt,
        expiresAtMs: request.expiresAt,
      },
    };
  }

  async acceptLogoutRequest({
    challenge,
  }: logoutV1.AcceptLogoutRequestRequest): Promise<logoutV1.AcceptLogoutRequestResponse> {
    const accepted = await answerOrStatus(acceptLogoutRequest(challenge, this.tools));
    if (accepted === undefined) throw notFound();
    if (accepted === 'decided') throw decided();
    return { redirectTo: accepted.redirectTo };
  }

  async rejectLogoutRequest({
    challenge,
  }: logoutV1.RejectLogoutRequestRequest): Promise<logoutV1.RejectLogoutRequestResponse> {
    const rejected = await answerOrStatus(rejectLogoutRequest(challenge, this.tools));
    if (rejected === undefined) throw notFound();
    if (rejected === 'decided') throw decided();
    return {};
  }
}

function notFound(): RpcError {
  return new RpcError('NOT_FOUND', 'no logout request has this challenge');
}

function decided(): RpcError {
  return new RpcError('ABORTED', 'the logout request is decided');
}

function answerOf(outcome: EndSessionOutcome): Omit<logoutV1.EndSessionResponse, 'setCookies'> {
  switch (outcome.kind) {
    case 'redirect':
      return { redirect: { location: outcome.location } };
    case 'confirm':
      return { confirm: { challenge: outcome.challenge } };
    case 'logged-out':
      return { loggedOut: { location: outcome.location, frames: [...outcome.frames] } };
    case 'error-page':
      return { errorPage: toErrorMessage(outcome.error) };
  }
}
