import { randomBytes } from 'node:crypto';
import { open, readFile, realpath, rename, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { CommandError, errorText, type Terminal } from './terminal.js';

/** How to reach the server and as whom. Absent values are empty texts. */
export type CliConfig = {
  readonly clusterUrl: string;
  /** Origin of the admin API; the cluster URL where both are one. */
  readonly adminUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
};

type Settings = { readonly [key in keyof CliConfig]: string };

/** File key and environment variable of each setting. The environment wins over the file; an empty variable counts as unset. */
const settings: { readonly [key in keyof CliConfig]: { readonly key: string; readonly variable: string } } = {
  clusterUrl: { key: 'cluster_url', variable: 'CLUSTER_URL' },
  adminUrl: { key: 'admin_url', variable: 'ADMIN_URL' },
  clientId: { key: 'client_id', variable: 'CLIENT_ID' },
  clientSecret: { key: 'client_secret', variable: 'CLIENT_SECRET' },
};

const legacyFiles = ['.hydra.yml', '.hydra.yaml', '.hydra.json'];

/** The file that `connect` writes: `--config`, else `~/.castellan.yml`. */
export function configFilePath(terminal: Terminal, chosen: string): string {
  return chosen !== '' ? chosen : join(home(terminal), '.castellan.yml');
}

/**
 * Reads the configuration: environment over file over nothing. Without `--config` and without `~/.castellan.yml` the file of the
 * 2017 program is read, if there is one. A file that cannot be read is reported on stderr and counts as empty. Writes nothing.
 */
export async function readCliConfig(terminal: Terminal, chosen: string): Promise<CliConfig> {
  const stored = await readSettings(terminal, chosen);
  const value = (name: keyof CliConfig): string => terminal.env[settings[name].variable] || stored[name];
  const clusterUrl = value('clusterUrl');
  return {
    clusterUrl,
    adminUrl: value('adminUrl') || clusterUrl,
    clientId: value('clientId'),
    clientSecret: value('clientSecret'),
  };
}

/** True where the environment provides the setting, so that it needs no answer from a person. */
export function isFromEnvironment(terminal: Terminal, name: keyof CliConfig): boolean {
  return Boolean(terminal.env[settings[name].variable]);
}

/**
 * Writes the configuration, readable by its owner only, in one atomic step: a crash leaves the old file or the new one. Keys that
 * are not ours are kept. Throws CommandError when the file cannot be written.
 */
export async function writeCliConfig(path: string, config: CliConfig): Promise<void> {
  const { stringify } = await import('yaml');
  const target = await realpath(path).catch(() => path);
  const known = Object.values(settings).map(({ key }) => key);
  const kept = Object.entries(await readYaml(target).catch(() => ({}))).filter(([key]) => !known.includes(key));
  const adminUrl = config.adminUrl === config.clusterUrl ? '' : config.adminUrl;
  const written = {
    [settings.clusterUrl.key]: config.clusterUrl,
    ...(adminUrl !== '' ? { [settings.adminUrl.key]: adminUrl } : {}),
    ...(config.clientId !== '' ? { [settings.clientId.key]: config.clientId } : {}),
    ...(config.clientSecret !== '' ? { [settings.clientSecret.key]: config.clientSecret } : {}),
    ...Object.fromEntries(kept),
  };
  try {
    await writePrivateFile(target, stringify(written));
  } catch (error) {
    throw new CommandError(`Could not write config file ${path}: ${errorText(error)}`);
  }
}

/** Replaces a file by one that only its owner can read (0600), through a synced temporary file beside it. */
export async function writePrivateFile(path: string, content: string | Uint8Array): Promise<void> {
  const temporary = join(dirname(path), `.${randomBytes(6).toString('hex')}.tmp`);
  const handle = await open(temporary, 'wx', 0o600);
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, path).catch(async (error: unknown) => {
    await rm(temporary, { force: true });
    throw error;
  });
}

async function readSettings(terminal: Terminal, chosen: string): Promise<Settings> {
  const path = await findFile(terminal, chosen);
  if (path === undefined) return { clusterUrl: '', adminUrl: '', clientId: '', clientSecret: '' };
  const values = await readYaml(path).catch((error: unknown) => {
    terminal.stderr.write(`Config file not found because "${errorText(error)}"\n`);
    return {};
  });
  const read = (name: keyof CliConfig): string => settingText((values as Record<string, unknown>)[settings[name].key]);
  return {
    clusterUrl: read('clusterUrl'),
    adminUrl: read('adminUrl'),
    clientId: read('clientId'),
    clientSecret: read('clientSecret'),
  };
}

// A secret of digits only is a number to YAML when an older program wrote it without quotes.
function settingText(value: unknown): string {
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '';
}

async function findFile(terminal: Terminal, chosen: string): Promise<string | undefined> {
  if (chosen !== '') return chosen;
  const candidates = ['.castellan.yml', ...legacyFiles].map((name) => join(home(terminal), name));
  for (const path of candidates) {
    if (await stat(path).catch(() => undefined)) return path;
  }
  return undefined;
}

async function readYaml(path: string): Promise<Record<string, unknown>> {
  const text = await readFile(path, 'utf8');
  const { parse } = await import('yaml');
  const value: unknown = parse(text);
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

function home(terminal: Terminal): string {
  return terminal.env['HOME'] || homedir();
}
