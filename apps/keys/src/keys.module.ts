import { type DynamicModule, Module, type OnApplicationShutdown, type Provider } from '@nestjs/common';
import {
  ADMISSION_TABLE,
  LOGGER,
  type Logger,
  METRICS,
  type Metrics,
  READINESS,
  type ReadinessCheck,
} from '@castellan/service';
import { keysAdmission } from './admission-table.js';
import { type KeyManager, openKeyManager } from './key-manager.js';
import type { KeysConfig } from './keys.config.js';
import { registerKeyMetrics } from './key-metrics.js';
import { KeysRpc } from './keys.grpc.js';
import { SigningRpc } from './signing.grpc.js';

const KEY_MANAGER = Symbol('KEY_MANAGER');
const KEY_METRICS = Symbol('KEY_METRICS');

/** Closes a key manager that the module itself opened. */
class KeyManagerShutdown implements OnApplicationShutdown {
  constructor(private readonly manager: KeyManager) {}

  onApplicationShutdown(): Promise<void> {
    return this.manager.close();
  }
}

/** The key manager as a module: services Keys and Signing. */
@Module({})
export class KeysModule {
  /** Opens a key manager of its own at start and closes it at shutdown. */
  static forRoot(config: KeysConfig): DynamicModule {
    const manager: Provider = {
      provide: KEY_MANAGER,
      inject: [LOGGER, METRICS],
      useFactory: (logger: Logger, metrics: Metrics) => openKeyManager(config, { logger, metrics }),
    };
    const shutdown: Provider = {
      provide: KeyManagerShutdown,
      inject: [KEY_MANAGER],
      useFactory: (opened: KeyManager) => new KeyManagerShutdown(opened),
    };
    return { module: KeysModule, providers: [manager, shutdown, ...services] };
  }

  /** Serves a key manager that the caller opened and will close after the module is down. */
  static forManager(manager: KeyManager): DynamicModule {
    return { module: KeysModule, providers: [{ provide: KEY_MANAGER, useValue: manager }, ...services] };
  }
}

const services: readonly Provider[] = [
  { provide: ADMISSION_TABLE, useValue: keysAdmission },
  {
    provide: KEY_METRICS,
    inject: [METRICS, KEY_MANAGER],
    useFactory: (metrics: Metrics, manager: KeyManager) => registerKeyMetrics(metrics, manager),
  },
  {
    provide: KeysRpc,
    inject: [KEY_MANAGER],
    useFactory: (manager: KeyManager) => new KeysRpc(manager.sets, manager.rotation),
  },
  {
    provide: SigningRpc,
    inject: [KEY_MANAGER],
    useFactory: (manager: KeyManager) => new SigningRpc(manager.signing, manager.maxAgeMs),
  },
  {
    provide: READINESS,
    inject: [KEY_MANAGER],
    useFactory: (manager: KeyManager): readonly ReadinessCheck[] => [
      { name: 'keys-database', check: () => manager.ping() },
      manager.clock,
    ],
  },
];
