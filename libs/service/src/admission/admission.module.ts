import { Module, type DynamicModule } from '@nestjs/common';
import { DiscoveryModule, DiscoveryService } from '@nestjs/core';
import type { Logger } from '../logger.js';
import type { Metrics } from '../metrics.js';
import { createAdmission, type Admission } from './admission.js';
import { ADMISSION_TABLE, createClassFinder, type AdmissionClass, type AdmissionTable } from './admission-class.js';
import { watchAdmission } from './admission-metrics.js';
import type { ConcurrencyLimits } from './concurrency-limit.js';

/** Admission control of the process, at whatever door; absent where it is off. */
export class AdmissionDoor {
  private find: ((name: string) => AdmissionClass | 'always') | undefined;

  constructor(
    readonly admission: Admission,
    private readonly discovery: DiscoveryService,
  ) {}

  /** The class of a route pattern or an rpc, as the modules of the process say. */
  classOf(name: string): AdmissionClass | 'always' {
    this.find ??= createClassFinder(
      this.discovery
        .getProviders()
        .filter((wrapper) => wrapper.token === ADMISSION_TABLE)
        .map((wrapper) => wrapper.instance as unknown as AdmissionTable),
    );
    return this.find(name);
  }
}

export type AdmissionModuleOptions = {
  /** Undefined: everything is let in. */
  readonly limits: ConcurrencyLimits | undefined;
  readonly logger: Logger;
  readonly metrics: Metrics;
};

/** Provides `AdmissionDoor`, one for all doors of the process, for they share one event loop. */
@Module({})
export class AdmissionModule {
  static forRoot({ limits, logger, metrics }: AdmissionModuleOptions): DynamicModule {
    if (limits === undefined) return { module: AdmissionModule };
    const admission = createAdmission({
      ...limits,
      onChange(state, refused) {
        if (state === 'refusing') logger.warn('More requests come than can be served; some are refused');
        else logger.info('All requests are served again', { refused });
      },
    });
    watchAdmission(metrics, admission);
    return {
      module: AdmissionModule,
      global: true,
      imports: [DiscoveryModule],
      providers: [
        {
          provide: AdmissionDoor,
          inject: [DiscoveryService],
          useFactory: (discovery: DiscoveryService) => new AdmissionDoor(admission, discovery),
        },
      ],
      exports: [AdmissionDoor],
    };
  }
}
