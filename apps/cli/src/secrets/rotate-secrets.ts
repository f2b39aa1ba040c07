import type { KeyActor, SecretUse } from '@castellan/jwk';
import {
  addDerivedSecret,
  claimDerivedSecrets,
  clientSecretUses,
  removeDerivedSecret,
  sessionSecretUses,
} from '@castellan/postgres';
import { parseDuration } from '@castellan/service';
import type { CommandCall } from '../command.js';
import { formatOf, printOr } from '../format.js';
import { table } from '../table.js';
import { CommandError } from '../terminal.js';
import { progressBar } from './progress-bar.js';
import { resealGrants } from './reseal-grants.js';
import { type HeldSecret, type SecretDatabases, withSecretDatabases } from './secret-databases.js';

const actor: KeyActor = { peer: 'cli', requestId: '' };
const keysAtOnce = 50;
// The longest that anything lives which a secret signed: a refresh token (rulings 30).
const defaultLongestLife = '2160h';

/** The command `secrets status`. */
export async function printStatus(call: CommandCall): Promise<void> {
  await withSecretDatabases(call, async (databases) => {
    const { store, held } = databases;
    const inUse = await judge(databases);
    const clients = await clientSecretUses(databases.token);
    const grants = await sessionSecretUses(databases.token);
    const uses = await store.secretUses();
    const known = uses.map(({ keyId }) => keyId);
    const waiting = held
      .filter(({ keyId }) => !known.includes(keyId))
      .map(({ keyId }): SecretUse => ({ keyId, keys: 0 }));
    const rows = [...uses, ...waiting].map(({ keyId, registeredAt, keys }) => {
      const mine = held.find((secret) => secret.keyId === keyId);
      const state = keyId === inUse ? 'in use' : registeredAt === undefined ? 'waiting' : 'kept';
      const verifiers = mine === undefined ? '?' : String(clients.get(mine.token.keyId) ?? 0);
      const sessions = mine === undefined ? '?' : String(grants.get(mine.token.keyId) ?? 0);
      const since = registeredAt?.toISOString().replace(/\.\d+Z$/, 'Z') ?? '-';
      return [keyId, mine === undefined ? 'no' : 'yes', state, since, String(keys), sessions, verifiers];
    });
    const head = ['KEY ID', 'HELD', 'STATE', 'SINCE', 'SEALED KEYS', 'GRANTS', 'CLIENT SECRETS'];
    const own = (): void => table(head, rows).forEach((line) => call.print(line));
    const names = head.map((name) => name.toLowerCase().replaceAll(' ', '_'));
    const listed = rows.map((row) => Object.fromEntries(row.map((value, column) => [names[column] ?? '', value])));
    await printOr(call, own, listed, names);
    const unnamed = clients.get('') ?? 0;
    const say = formatOf(call) === undefined ? call.print : call.note;
    if (unnamed > 0) say(`${unnamed} client secrets were made before their verifiers named a secret.`);
    const lacking = uses.filter(({ keyId }) => held.every((secret) => secret.keyId !== keyId));
    for (const { keyId } of lacking) call.note(`Secret ${keyId} is needed and is not in SYSTEM_SECRET.`);
  });
}

/** The command `secrets add`: the first secret of the list is used from now on. */
export async function addSecret(call: CommandCall): Promise<void> {
  await withSecretDatabases(call, async (databases) => {
    const [newest] = databases.held;
    if ((await judgeOrThrow(databases)) === newest.keyId) {
      call.print(`Secret ${newest.keyId} is in use already.`);
      return;
    }
    for (const component of ['token', 'warden'] as const) {
      const database = databases[component];
      const claim = await claimDerivedSecrets(
        database,
        component,
        databases.held.map((secret) => secret[component]),
      );
      if (claim.kind === 'refused') throw new CommandError(`The database of ${component} knows none of these secrets.`);
      await addDerivedSecret(database, component, newest[component]);
    }
    // Last, so that a run that was stopped in between is seen as one that has not been made.
    await databases.store.addSecret(newest.keys, actor);
    call.print(`Secret ${newest.keyId} is in use: new keys are sealed with it.`);
    call.print('Restart token and warden when it suits you, then run `secrets rewrap`.');
  });
}

/** The command `secrets rewrap`. */
export async function rewrap(call: CommandCall): Promise<void> {
  await withSecretDatabases(call, async (databases) => {
    const { store, sealer } = databases;
    const inUse = await judgeOrThrow(databases);
    sealer.use(inUse);
    const uses = await store.secretUses();
    const total = uses.reduce((sum, { keyId, keys }) => sum + (keyId === inUse ? 0 : keys), 0);
    const bar = progressBar(call.terminal.stderr, total);
    let done = 0;
    for (;;) {
      const resealed = await store.resealSome(inUse, keysAtOnce, (key) => sealer.rewrap(key.sealed, key));
      if (resealed === 0) break;
      done += resealed;
      bar.show(done);
    }
    bar.end();
    call.print(`${done} keys are sealed with secret ${inUse} now, and none with another.`);
    await resealGrants(call, databases, inUse);
  });
}

/** The command `secrets retire`. */
export async function retire(call: CommandCall): Promise<void> {
  const keyId = call.operand(0);
  await withSecretDatabases(call, async (databases) => {
    const { store, held } = databases;
    const inUse = await judgeOrThrow(databases);
    const old = held.find((secret) => secret.keyId === keyId);
    if (old === undefined) throw new CommandError(`No secret in SYSTEM_SECRET has the key ID ${keyId}.`);
    if (keyId === inUse) throw new CommandError(`Secret ${keyId} is in use.`);
    const uses = await store.secretUses();
    const keys = uses.find((use) => use.keyId === keyId)?.keys ?? 0;
    if (keys > 0) throw new CommandError(`${keys} keys are sealed with secret ${keyId}. Run \`secrets rewrap\` first.`);
    const grants = (await sessionSecretUses(databases.token)).get(old.token.keyId) ?? 0;
    if (grants > 0)
      throw new CommandError(`${grants} grants are sealed with secret ${keyId}. Run \`secrets rewrap\` first.`);
    if (!call.has('tokens-may-die')) await refuseWhileNeeded(call, databases, old, uses, inUse);
    if (!(await store.removeSecret(keyId, actor))) {
      throw new CommandError(`A key was sealed with secret ${keyId} just now. Run \`secrets rewrap\` again.`);
    }
    for (const component of ['token', 'warden'] as const) {
      await removeDerivedSecret(databases[component], component, old[component].keyId);
    }
    call.print(`Secret ${keyId} is needed no more: take it out of SYSTEM_SECRET, TOKEN_SECRET and WARDEN_SECRET.`);
  });
}

/** Tokens, cookies and the verifiers of client secrets are bound to the secret under which they were made. */
async function refuseWhileNeeded(
  call: CommandCall,
  databases: SecretDatabases,
  old: HeldSecret,
  uses: readonly SecretUse[],
  inUse: string,
): Promise<void> {
  const clients = await clientSecretUses(databases.token);
  const bound = (clients.get(old.token.keyId) ?? 0) + (clients.get('') ?? 0);
  if (bound > 0) {
    throw new CommandError(
      `${bound} generated client secrets are or may be bound to secret ${old.keyId}; give those clients new ones, or add ` +
        '--tokens-may-die.',
    );
  }
  const longest = parseDuration(call.terminal.env['REFRESH_TOKEN_LIFESPAN'] || defaultLongestLife);
  if (longest === undefined) throw new CommandError('REFRESH_TOKEN_LIFESPAN: must be a duration such as 2160h');
  const since = uses.find((use) => use.keyId === inUse)?.registeredAt?.getTime() ?? Number.POSITIVE_INFINITY;
  const { now } = await databases.store.readSet('');
  if (now < since + longest) {
    throw new CommandError(
      `Tokens made with secret ${old.keyId} may be valid until ${new Date(since + longest).toISOString()}; wait, or add ` +
        '--tokens-may-die.',
    );
  }
}

/** The key ID of the secret in use; undefined when the held ones do not do. */
async function judge({ store, held }: SecretDatabases): Promise<string | undefined> {
  // A database that nobody used yet would take note of the first secret that is shown to it.
  if ((await store.secretUses()).length === 0) return undefined;
  const claim = await store.claimSecrets(held.map(({ keys }) => keys));
  return claim.kind === 'accepted' ? claim.inUse : undefined;
}

async function judgeOrThrow(databases: SecretDatabases): Promise<string> {
  const inUse = await judge(databases);
  if (inUse !== undefined) return inUse;
  throw new CommandError('SYSTEM_SECRET lacks a secret that the database needs. `secrets status` shows which.');
}
