import { Inject, Injectable } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { LOGGER, type Logger } from './logger.js';

/** Token by which a module contributes one `ReadinessCheck`, or an array of them; any number of modules may. */
export const READINESS = Symbol('READINESS');

/** Something this process cannot serve without, such as its database. `check` rejects while that is so. */
export type ReadinessCheck = { readonly name: string; check(): Promise<unknown> };

export type ReadinessReport = { readonly ready: boolean; readonly failing: readonly string[] };

const CHECK_TIMEOUT_MS = 1_000;

function isCheck(value: unknown): value is ReadinessCheck {
  return typeof value === 'object' && value !== null && 'check' in value && 'name' in value;
}

async function passes(check: ReadinessCheck): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), CHECK_TIMEOUT_MS);
  });
  const done = Promise.resolve()
    .then(() => check.check())
    .then(
      () => true,
      () => false,
    );
  return Promise.race([done, late]).finally(() => clearTimeout(timer));
}

/** Whether this process should get traffic: every module's check passes within a second, and no shutdown has begun. */
@Injectable()
export class Readiness {
  private draining = false;
  private checks: readonly ReadinessCheck[] | undefined;
  private lastFailing = '';

  constructor(
    @Inject(DiscoveryService) private readonly discovery: DiscoveryService,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** From now on not ready: the process is going down. */
  drain(): void {
    this.draining = true;
  }

  async report(): Promise<ReadinessReport> {
    if (this.draining) return { ready: false, failing: ['shutdown'] };
    this.checks ??= this.discoverChecks();
    const results = await Promise.all(
      this.checks.map(async (check) => ({ name: check.name, ok: await passes(check) })),
    );
    const failing = results.filter((result) => !result.ok).map((result) => result.name);
    this.logChange(failing);
    return { ready: failing.length === 0, failing };
  }

  private discoverChecks(): readonly ReadinessCheck[] {
    return this.discovery
      .getProviders()
      .filter((wrapper) => wrapper.token === READINESS)
      .flatMap((wrapper): unknown[] => (Array.isArray(wrapper.instance) ? wrapper.instance : [wrapper.instance]))
      .filter(isCheck);
  }

  private logChange(failing: readonly string[]): void {
    const names = failing.join(',');
    if (names === this.lastFailing) return;
    this.lastFailing = names;
    if (names === '') this.logger.info('Ready');
    else this.logger.warn('Not ready', { failing: names });
  }
}
