import { pino } from 'pino';
import { formatLogfmt } from './logfmt.js';
import { redactFields, scrubText } from './redaction.js';
import { currentTrace } from './tracing/trace-context.js';

/** Token of the process's logger; provided globally by `ServiceModule`. */
export const LOGGER = Symbol('LOGGER');

export type Logger = {
  error(message: string, fields?: object): void;
  warn(message: string, fields?: object): void;
  info(message: string, fields?: object): void;
  debug(message: string, fields?: object): void;
  /** A logger that adds these fields to every line. */
  child(fields: object): Logger;
};

export const LOG_LEVELS = ['panic', 'fatal', 'error', 'warn', 'info', 'debug'] as const;
export const LOG_FORMATS = ['text', 'json'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
export type LogFormat = (typeof LOG_FORMATS)[number];

export type LoggerOptions = {
  readonly level?: LogLevel;
  readonly format?: LogFormat;
  /** Where lines go; standard error when absent. */
  readonly destination?: { write(line: string): void };
  readonly now?: () => number;
};

type Write = (level: WritableLevel, message: string, fields: Record<string, unknown>) => void;
type WritableLevel = 'error' | 'warn' | 'info' | 'debug';

// The words of the original's log.
const LEVEL_WORDS = { error: 'error', warn: 'warning', info: 'info', debug: 'debug' } as const;

function writeJson(destination: { write(line: string): void }, now: () => number): Write {
  const sink = pino(
    {
      level: 'debug',
      base: null,
      messageKey: 'msg',
      timestamp: () => `,"time":"${new Date(now()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label === 'warn' ? LEVEL_WORDS.warn : label }) },
    },
    destination,
  );
  return (level, message, fields) => sink[level](fields, message);
}

function writeText(destination: { write(line: string): void }, now: () => number): Write {
  return (level, message, fields) =>
    destination.write(formatLogfmt(new Date(now()), LEVEL_WORDS[level], message, fields));
}

function build(write: Write, threshold: number, bound: Record<string, unknown>): Logger {
  function at(level: WritableLevel): (message: string, fields?: object) => void {
    if (LOG_LEVELS.indexOf(level) > threshold) return () => undefined;
    return (message, fields) => {
      const shown = fields === undefined ? bound : { ...bound, ...redactFields(fields) };
      const trace = currentTrace();
      write(level, scrubText(message), trace === undefined ? shown : { ...shown, trace_id: trace.traceId });
    };
  }
  return {
    error: at('error'),
    warn: at('warn'),
    info: at('info'),
    debug: at('debug'),
    child: (fields) => build(write, threshold, { ...bound, ...redactFields(fields) }),
  };
}

/**
 * Makes a logger: `text` (logfmt, the default) or `json`, one line per entry, on standard error. Fields named like
 * secrets never show; errors among the fields are written with their cause.
 */
export function createLogger(options: LoggerOptions = {}): Logger {
  const now = options.now ?? Date.now;
  const destination = options.destination ?? pino.destination({ fd: 2, sync: true });
  const write = options.format === 'json' ? writeJson(destination, now) : writeText(destination, now);
  return build(write, LOG_LEVELS.indexOf(options.level ?? 'info'), {});
}

/** A logger that writes nothing. */
export function createSilentLogger(): Logger {
  return createLogger({ level: 'panic', destination: { write: () => undefined } });
}
