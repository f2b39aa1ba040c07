import { Module } from '@nestjs/common';
import { HealthController } from '@castellan/service';

/** The health of a separate admin service; `main.ts` alone adds it. In one process with the gateway it is the gateway's. */
@Module({ controllers: [HealthController] })
export class AdminHealthModule {}
