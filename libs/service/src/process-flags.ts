import { ConfigError } from './config.js';

/** Flags of a service, and the variable that each of them stands for. */
const FLAGS: Readonly<Record<string, { readonly variable: string; readonly value?: string }>> = {
  '--config': { variable: 'CASTELLAN_CONFIG' },
  '--dangerous-grpc-plaintext': { variable: 'GRPC_DANGEROUS_PLAINTEXT', value: '1' },
  '--dangerous-force-http': { variable: 'DANGEROUS_FORCE_HTTP', value: '1' },
};

/**
 * The variables that the flags of a command line stand for: `--config <file>`, `--config=<file>` and switches.
 * @throws ConfigError for a flag that is not known, and for one without its value
 */
export function readProcessFlags(flags: readonly string[]): Readonly<Record<string, string>> {
  const read: Record<string, string> = {};
  const rest = [...flags];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    const [name = '', ...parts] = word.split('=');
    const flag = Object.hasOwn(FLAGS, name) ? FLAGS[name] : undefined;
    if (flag === undefined) throw new ConfigError(`${name} is no flag; there are ${Object.keys(FLAGS).join(', ')}`);
    const value = flag.value ?? (parts.length > 0 ? parts.join('=') : rest.shift());
    if (value === undefined || value === '') throw new ConfigError(`${name} needs a value`);
    read[flag.variable] = value;
  }
  return read;
}
