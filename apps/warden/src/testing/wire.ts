import { createRpcChannelClient, openRpcChannel, type RpcChannel, type RpcClient, wardenV1 } from '@castellan/rpc';
import { createTestAuthority, type TestAuthority } from '@castellan/service/testing';
import { type Replica, startReplica } from './replica.module.js';

/** A Warden with both of its ports open, and whoever calls there. */
export type WiredWarden = {
  readonly replica: Replica;
  /** A channel with a certificate of this URI name. */
  named(uri: string): Promise<RpcChannel>;
  /** A channel for access tokens. */
  bearing(): RpcChannel;
  close(): Promise<void>;
};

const anyPort = { host: '127.0.0.1', port: 0 };

/** Starts it; certificates of these names are listed. */
export async function startWired(
  config: Parameters<typeof startReplica>[0],
  clientPeers: readonly string[],
): Promise<WiredWarden> {
  const authority: TestAuthority = await createTestAuthority();
  const replica = await startReplica(config, {
    listen: anyPort,
    security: { kind: 'tls', ca: authority.ca, ...(await authority.issueService('warden')) },
    clientPeers,
    bearerListen: { ...anyPort, ...(await authority.issue([])) },
  });
  const channels: RpcChannel[] = [];
  const keep = (channel: RpcChannel): RpcChannel => (channels.push(channel), channel);
  return {
    replica,
    async named(uri) {
      const target = `localhost:${replica.ports.peers}`;
      const certificate = await authority.issue([{ type: 'url', value: uri }]);
      return keep(openRpcChannel({ target, security: { kind: 'tls', ca: authority.ca, ...certificate } }));
    },
    bearing: () =>
      keep(
        openRpcChannel({
          target: `localhost:${replica.ports.bearers}`,
          security: { kind: 'bearer', ca: authority.ca },
        }),
      ),
    async close() {
      for (const channel of channels) channel.close();
      await replica.close();
    },
  };
}

/** The service Warden over a channel; calls show the token where there is one. */
export function wardenOver(channel: RpcChannel, bearer?: string): RpcClient<typeof wardenV1.WardenService> {
  const client = createRpcChannelClient(wardenV1.WardenService, channel);
  const options = { deadlineMs: 20_000, ...(bearer === undefined ? {} : { bearer }) };
  return {
    check: (request) => client.check(request, options),
    checkToken: (request) => client.checkToken(request, options),
    batchCheck: (request) => client.batchCheck(request, options),
    explain: (request) => client.explain(request, options),
  };
}

/** Asks questions over one stream of the channel. */
export function askerOver(
  channel: RpcChannel,
  bearer?: string,
): (question: Pick<wardenV1.StreamCheckRequest, 'check' | 'checkToken'>) => Promise<wardenV1.StreamCheckResponse> {
  const stream = channel.openMessages(wardenV1.WardenService.streamCheck, {
    idOf: ({ id }) => id,
    isGoingAway: ({ goingAway }) => goingAway,
  });
  const options = { deadlineMs: 20_000, ...(bearer === undefined ? {} : { bearer }) };
  return (question) => stream.ask((id, deadlineMs) => ({ id, deadlineMs, ...question }), options);
}
