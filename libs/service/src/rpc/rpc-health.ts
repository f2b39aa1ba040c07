import { PEER_NAMES, RpcError, healthV1, serviceNameOf, type RpcHandlers } from '@castellan/rpc';
import type { HostedService } from './rpc-host.js';

const { HealthCheckResponse_ServingStatus: ServingStatus } = healthV1;

/** grpc.health.v1 for the services of one port: the empty name asks for the process. Open to every known peer. */
export function createHealthService(served: readonly HostedService[], isReady: () => Promise<boolean>): HostedService {
  const names = new Set(['', ...served.map(({ definition }) => serviceNameOf(definition))]);
  const handlers: RpcHandlers<typeof healthV1.HealthService> = {
    async check({ service }) {
      if (!names.has(service)) throw new RpcError('NOT_FOUND', 'unknown service');
      return { status: (await isReady()) ? ServingStatus.SERVING : ServingStatus.NOT_SERVING };
    },
  };
  return {
    definition: healthV1.HealthService,
    methods: new Map([
      [
        'check',
        {
          name: 'grpc.health.v1.Health/Check',
          peers: PEER_NAMES,
          handle: (request, context) => handlers.check(request as healthV1.HealthCheckRequest, context),
        },
      ],
    ]),
  };
}
