import type { OutboxEntry, OutboxState, OutboxStore } from '@castellan/oauth2';
import { logoutV1, type PeerTable, RpcError, type RpcHandlers } from '@castellan/rpc';
import { RpcService } from '@castellan/service';
import type { OutboxWorker } from './outbox-worker.js';
import { answerOrStatus } from './rpc-answer.js';

const { DeliveryState } = logoutV1;

/** Who may call which rpc of Deliveries: the admin API, which asks the Warden first. */
export const deliveriesPeers: PeerTable<typeof logoutV1.DeliveriesService> = {
  listDeliveries: ['admin'],
  retryDelivery: ['admin'],
  discardDelivery: ['admin'],
};

/** What operators see of the outbox: the kinds of messages that tell of logouts. */
export type Deliveries = {
  readonly outbox: OutboxStore;
  readonly worker: Pick<OutboxWorker, 'wake'>;
  readonly kinds: readonly string[];
  readonly giveUpAfterMs: number;
};

const states: ReadonlyMap<logoutV1.DeliveryState, OutboxState> = new Map<logoutV1.DeliveryState, OutboxState>([
  [DeliveryState.DELIVERY_STATE_PENDING, 'pending'],
  [DeliveryState.DELIVERY_STATE_DEAD, 'dead'],
]);

/** The service Deliveries: logout tokens that clients have yet to take. */
@RpcService(logoutV1.DeliveriesService, deliveriesPeers)
export class DeliveriesRpc implements RpcHandlers<typeof logoutV1.DeliveriesService> {
  constructor(private readonly deliveries: Deliveries) {}

  async listDeliveries(request: logoutV1.ListDeliveriesRequest): Promise<logoutV1.ListDeliveriesResponse> {
    const { outbox, kinds } = this.deliveries;
    const { after, limit } = request;
    if (limit < 0) throw new RpcError('INVALID_ARGUMENT', 'limit must not be negative');
    const state = states.get(request.state);
    if (state === undefined && request.state !== DeliveryState.DELIVERY_STATE_UNSPECIFIED) {
      throw new RpcError('INVALID_ARGUMENT', 'the state is not known');
    }
    const page = { kinds, after, limit, ...(state !== undefined ? { state } : {}) };
    return { deliveries: (await answerOrStatus(outbox.list(page))).map(toMessage) };
  }

  async retryDelivery({ id }: logoutV1.RetryDeliveryRequest): Promise<logoutV1.RetryDeliveryResponse> {
    const { outbox, worker, kinds, giveUpAfterMs } = this.deliveries;
    if (!(await answerOrStatus(outbox.retry(kinds, id, giveUpAfterMs)))) throw notFound();
    worker.wake();
    return {};
  }

  async discardDelivery({ id }: logoutV1.DiscardDeliveryRequest): Promise<logoutV1.DiscardDeliveryResponse> {
    const { outbox, kinds } = this.deliveries;
    if (!(await answerOrStatus(outbox.discard(kinds, id)))) throw notFound();
    return {};
  }
}

function notFound(): RpcError {
  return new RpcError('NOT_FOUND', 'Not found');
}

function toMessage(entry: OutboxEntry): logoutV1.Delivery {
  const { subject, sid } = entry.payload;
  return {
    id: entry.id,
    kind: entry.kind,
    clientId: entry.target,
    subject: typeof subject === 'string' ? subject : '',
    sid: typeof sid === 'string' ? sid : '',
    state: entry.state === 'dead' ? DeliveryState.DELIVERY_STATE_DEAD : DeliveryState.DELIVERY_STATE_PENDING,
    attempts: entry.attempts,
    createdAtMs: entry.createdAt,
    dueAtMs: entry.dueAt ?? 0,
    givesUpAtMs: entry.givesUpAt,
    problem: entry.problem ?? '',
  };
}
