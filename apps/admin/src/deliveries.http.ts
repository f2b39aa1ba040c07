import { Inject, Req, Res } from '@nestjs/common';
import { logoutV1, type RpcClient } from '@castellan/rpc';
import { InjectRpcClient, LOGGER, type Logger } from '@castellan/service';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { Access, AdminController } from './access.guard.js';
import { badRequest } from './admin-error.js';
import { callOptionsOf, pathParameter, queryParameter, sendJson, sendNothing } from './admin-request.js';
import { ADMIN_ROUTES } from './routes.js';

const { DeliveryState } = logoutV1;

const states: ReadonlyMap<string, logoutV1.DeliveryState> = new Map([
  ['pending', DeliveryState.DELIVERY_STATE_PENDING],
  ['dead', DeliveryState.DELIVERY_STATE_DEAD],
]);
const maxPage = 500;

/** Logout tokens that clients have yet to take. */
@AdminController()
export class DeliveriesController {
  constructor(
    @InjectRpcClient(logoutV1.DeliveriesService)
    private readonly deliveries: RpcClient<typeof logoutV1.DeliveriesService>,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** A page of at most 500, from the one after `after`, all or those in a `state`. */
  @Access(ADMIN_ROUTES.listDeliveries)
  async list(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const page = { after: queryParameter(request, 'after') ?? '', limit: limitOf(request), state: stateOf(request) };
    const { deliveries } = await this.deliveries.listDeliveries(page, callOptionsOf(request));
    sendJson(reply, 200, JSON.stringify(deliveries.map(deliveryJson)));
  }

  @Access(ADMIN_ROUTES.retryDelivery)
  async retry(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const id = pathParameter(request, 'id');
    await this.deliveries.retryDelivery({ id }, callOptionsOf(request));
    this.logger.info('A logout delivery is tried again', { id, request_id: request.id });
    sendNothing(reply);
  }

  @Access(ADMIN_ROUTES.discardDelivery)
  async discard(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const id = pathParameter(request, 'id');
    await this.deliveries.discardDelivery({ id }, callOptionsOf(request));
    this.logger.info('A logout delivery was discarded', { id, request_id: request.id });
    sendNothing(reply);
  }
}

function stateOf(request: FastifyRequest): logoutV1.DeliveryState {
  const name = queryParameter(request, 'state');
  const state = name === undefined ? DeliveryState.DELIVERY_STATE_UNSPECIFIED : states.get(name);
  if (state === undefined) throw badRequest('The parameter state must be pending or dead');
  return state;
}

function limitOf(request: FastifyRequest): number {
  const text = queryParameter(request, 'limit') ?? String(maxPage);
  const limit = /^[0-9]{1,3}$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > maxPage) throw badRequest(`The parameter limit must be 1 to ${maxPage}`);
  return limit;
}

/** Times as RFC 3339. */
function deliveryJson(delivery: logoutV1.Delivery) {
  const { id, kind, clientId, subject, sid, attempts, problem } = delivery;
  return {
    id,
    kind,
    client_id: clientId,
    subject,
    ...(sid !== '' ? { sid } : {}),
    state: delivery.state === DeliveryState.DELIVERY_STATE_DEAD ? 'dead' : 'pending',
    attempts,
    created_at: time(delivery.createdAtMs),
    ...(delivery.dueAtMs > 0 ? { due_at: time(delivery.dueAtMs) } : {}),
    gives_up_at: time(delivery.givesUpAtMs),
    ...(problem !== '' ? { problem } : {}),
  };
}

function time(ms: number): string {
  return new Date(ms).toISOString();
}
