import type { AdminApi } from './admin-api.js';
import type { CliConfig } from './config-file.js';
import type { HttpClient } from './http-client.js';
import type { Terminal } from './terminal.js';

/** One flag: how it is written (`-n, --name <string>`), what it means, and what it is without being given. */
export type Flag =
  | {
      readonly kind: 'text';
      readonly flags: string;
      readonly description: string;
      readonly default?: string;
      /** The only values there are. */
      readonly choices?: readonly string[];
    }
  | {
      readonly kind: 'switch';
      readonly flags: string;
      readonly description: string;
      readonly hidden?: true;
      /** Off is something else than not given: `--x=false`. */
      readonly negatable?: true;
    }
  | {
      readonly kind: 'list';
      readonly flags: string;
      readonly description: string;
      readonly default?: readonly string[];
    };

/** One row of the command table. A group has no `run`; its flags are accepted by all commands below it. */
export type CommandRow = {
  /** The words that call it, such as `policies actions add`. */
  readonly path: string;
  readonly summary: string;
  /** Other words for the last one. */
  readonly aliases?: readonly string[];
  /** More for the help text. */
  readonly details?: string;
  /** Command lines that show its use, without the program's name. */
  readonly examples?: readonly string[];
  /** Operands, such as `<policy> <action...>`. */
  readonly operands?: string;
  readonly flags?: readonly Flag[];
  readonly run?: (call: CommandCall) => Promise<void>;
};

/** A command being run: its operands, flags and the ways to the world. */
export type CommandCall = {
  readonly terminal: Terminal;
  readonly operands: readonly string[];
  /** The operand at an index that the command's row declares. */
  operand(index: number): string;
  /** Value of a text flag by its long name. */
  text(name: string): string;
  /** Value of a list flag by its long name. */
  list(name: string): readonly string[];
  /** Whether a switch is on, by its long name. */
  has(name: string): boolean;
  /** Whether the flag stands on the command line. */
  isGiven(name: string): boolean;
  /**
   * Prints a line of the command's result on stdout, without characters that could steer the terminal; nothing in a dry run, in which
   * nothing happened.
   */
  print(line: string): void;
  /** Prints a line on stderr, as a JSON object where the result is JSON. */
  note(line: string): void;
  config(): Promise<CliConfig>;
  /** Path of the configuration file that `connect` writes. */
  readonly configPath: string;
  http(): Promise<HttpClient>;
  api(): Promise<AdminApi>;
  /** Prints a request's curl equivalent when the call is a dry run; else undefined. */
  readonly printDryRun: ((text: string) => void) | undefined;
};

export function text(flags: string, description: string, standard?: string): Flag & { readonly kind: 'text' } {
  return { kind: 'text', flags, description, ...(standard !== undefined ? { default: standard } : {}) };
}

/** A list flag: comma separated values, quotes protect commas, repeatable; its first use replaces the default. */
export function list(flags: string, description: string, standard?: readonly string[]): Flag {
  return { kind: 'list', flags, description, ...(standard !== undefined ? { default: standard } : {}) };
}

export function flag(flags: string, description: string): Flag & { readonly kind: 'switch' } {
  return { kind: 'switch', flags, description };
}

/** Flags of every group that calls the admin API. */
export const apiFlags: readonly Flag[] = [
  flag('--dry', 'do not execute the command but show the corresponding curl command'),
  flag('--fake-tls-termination', 'fake tls termination by adding "X-Forwarded-Proto: https" to http headers'),
];
