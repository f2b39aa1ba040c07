// A Warden that decides nothing, behind the product's own gRPC server: what the transport costs by itself.
import 'reflect-metadata';
import { readFileSync } from 'node:fs';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type PeerTable, type RpcHandlers, wardenV1 } from '@castellan/rpc';
import { RpcModule, RpcService } from '@castellan/service';

type Echoed = Pick<typeof wardenV1.WardenService, 'check' | 'batchCheck'>;
const echoed = { check: wardenV1.WardenService.check, batchCheck: wardenV1.WardenService.batchCheck };
const everyone: PeerTable<Echoed> = { check: ['admin', 'client'], batchCheck: ['admin', 'client'] };
const decision = wardenV1.CheckResponse.create({ allowed: true, revision: 1 });

@RpcService(echoed, everyone)
class EchoRpc implements RpcHandlers<Echoed> {
  check(): Promise<wardenV1.CheckResponse> {
    return Promise.resolve(decision);
  }

  batchCheck({ checks }: wardenV1.BatchCheckRequest): Promise<wardenV1.BatchCheckResponse> {
    return Promise.resolve(wardenV1.BatchCheckResponse.create({ results: checks.map(() => ({ decision })) }));
  }
}

const read = (variable: string): Buffer => readFileSync(process.env[variable] ?? '');

@Module({
  imports: [
    RpcModule.forRoot({
      listen: { port: Number(process.env['GRPC_PORT']) },
      security: {
        kind: 'tls',
        ca: read('GRPC_TLS_CA_PATH'),
        cert: read('GRPC_TLS_CERT_PATH'),
        key: read('GRPC_TLS_KEY_PATH'),
      },
      clientPeers: ['spiffe://castellan/client'],
      reflection: false,
    }),
  ],
  providers: [EchoRpc],
})
class EchoModule {}

const app = await NestFactory.createApplicationContext(EchoModule, { logger: false });
app.enableShutdownHooks();
process.stdout.write('ready\n');
