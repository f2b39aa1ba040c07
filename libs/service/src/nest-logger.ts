import type { LoggerService } from '@nestjs/common';
import type { Logger } from './logger.js';

/** Leads Nest's own log into ours: what it calls log or verbose is debug for an operator. */
export function createNestLogger(logger: Logger): LoggerService {
  function context(details: readonly unknown[]): object {
    const last = details.at(-1);
    return typeof last === 'string' && !last.includes('\n') ? { context: last } : {};
  }
  function text(message: unknown): string {
    return message instanceof Error ? message.message : String(message);
  }
  return {
    log: (message: unknown, ...details: unknown[]) => logger.debug(text(message), context(details)),
    debug: (message: unknown, ...details: unknown[]) => logger.debug(text(message), context(details)),
    verbose: (message: unknown, ...details: unknown[]) => logger.debug(text(message), context(details)),
    warn: (message: unknown, ...details: unknown[]) => logger.warn(text(message), context(details)),
    error: (message: unknown, ...details: unknown[]) =>
      logger.error(text(message), { ...context(details), ...(message instanceof Error ? { error: message } : {}) }),
    fatal: (message: unknown, ...details: unknown[]) => logger.error(text(message), context(details)),
  };
}
