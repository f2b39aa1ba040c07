import {
  deleteRegistration,
  makeInitialAccessToken,
  readRegistration,
  registerClient,
  updateRegistration,
} from '@castellan/oauth2';
import { type CallContext, openidV1, type PeerTable, RpcError, type RpcHandlers, type tokenV1 } from '@castellan/rpc';
import { type Logger, RpcService } from '@castellan/service';
import { answerOrError, answerOrStatus } from './rpc-answer.js';
import type { TokenService } from './token-service.js';

/** Who may call which rpc of Registration: the public door for clients, the admin API for who lets them in. */
export const registrationPeers: PeerTable<typeof openidV1.RegistrationService> = {
  registerClient: ['gateway'],
  readRegistration: ['gateway'],
  updateRegistration: ['gateway'],
  deleteRegistration: ['gateway'],
  createInitialAccessToken: ['admin'],
};

const maxUses = 1_000;
const longestLifetimeMs = 315_360_000_000;

/** The service Registration: dynamic client registration without HTTP. */
@RpcService(openidV1.RegistrationService, registrationPeers)
export class RegistrationRpc implements RpcHandlers<typeof openidV1.RegistrationService> {
  constructor(
    private readonly service: Pick<TokenService, 'registration'>,
    private readonly logger: Logger,
  ) {}

  async registerClient(request: openidV1.RegisterClientRequest, context: CallContext) {
    return this.answer(registerClient(request, this.service.registration), context);
  }

  async readRegistration(request: openidV1.ReadRegistrationRequest, context: CallContext) {
    return this.answer(readRegistration(request, this.service.registration), context);
  }

  async updateRegistration(request: openidV1.UpdateRegistrationRequest, context: CallContext) {
    return this.answer(updateRegistration(request, this.service.registration), context);
  }

  async deleteRegistration(request: openidV1.DeleteRegistrationRequest, context: CallContext) {
    const outcome = await this.answer(
      deleteRegistration(request, this.service.registration).then(() => ({})),
      context,
    );
    return { error: outcome.error };
  }

  async createInitialAccessToken({
    uses,
    lifetimeMs,
  }: openidV1.CreateInitialAccessTokenRequest): Promise<openidV1.CreateInitialAccessTokenResponse> {
    if (uses < 1 || uses > maxUses) throw new RpcError('INVALID_ARGUMENT', `uses must be 1 to ${maxUses}`);
    if (lifetimeMs < 1_000 || lifetimeMs > longestLifetimeMs) {
      throw new RpcError('INVALID_ARGUMENT', 'the lifetime must be one second to ten years');
    }
    return { token: await answerOrStatus(makeInitialAccessToken({ uses, lifetimeMs }, this.service.registration)) };
  }

  private async answer(
    operation: Promise<object>,
    { requestId }: CallContext,
  ): Promise<{ clientJson?: string; error?: tokenV1.OAuth2Error }> {
    const outcome = await answerOrError(operation);
    if (!('error' in outcome)) return { clientJson: JSON.stringify(outcome.answer) };
    const { error, hint } = outcome.error;
    this.logger.info('Registration refused', { error, hint, requestId });
    return { error: outcome.error };
  }
}
