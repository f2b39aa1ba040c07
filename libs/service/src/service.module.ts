import { Module, type DynamicModule } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { LOGGER, type Logger } from './logger.js';
import { METRICS, createMetrics, type Metrics } from './metrics.js';
import { Readiness } from './readiness.js';

/** What every module of the process may inject: `LOGGER`, `METRICS`, `Readiness`. */
@Module({})
export class ServiceModule {
  static forRoot(options: { readonly logger: Logger; readonly metrics?: Metrics }): DynamicModule {
    return {
      module: ServiceModule,
      global: true,
      imports: [DiscoveryModule],
      providers: [
        { provide: LOGGER, useValue: options.logger },
        { provide: METRICS, useFactory: () => options.metrics ?? createMetrics() },
        Readiness,
      ],
      exports: [LOGGER, METRICS, Readiness],
    };
  }
}
