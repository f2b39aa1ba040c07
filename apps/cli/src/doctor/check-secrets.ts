import {
  checkSystemSecrets,
  createSealer,
  deriveServiceSecrets,
  judgeClaim,
  livingSets,
  parseSecretList,
  SealError,
  secretVerifier,
  type StoredKey,
} from '@castellan/jwk';
import { type Component, createKeyStore, type Database, registeredSecrets } from '@castellan/postgres';
import { randomBytes } from 'node:crypto';
import { error, type Examination, type Finding, ok, warning } from './finding.js';

/** The secrets that the program holds for a component, as its variables say; undefined without any. */
function heldSecrets(component: Component, { patient, env }: Examination): readonly string[] | undefined {
  const root = env['SYSTEM_SECRET'] ?? '';
  if (patient === 'host' && component !== 'keys') {
    return root === '' ? undefined : parseSecretList(deriveServiceSecrets(root, component));
  }
  const own = component === 'keys' ? root : (env[`${component.toUpperCase()}_SECRET`] ?? '');
  return own === '' ? undefined : parseSecretList(own);
}

/** Whether the secret belongs to this database. Asks only: a database that knows none yet takes note of none here. */
export async function checkSecrets(database: Database, examination: Examination): Promise<readonly Finding[]> {
  const { component } = database;
  const name = `secret ${component}`;
  const held = heldSecrets(component, examination);
  // That it is missing is said of the configuration.
  if (held === undefined) return [];
  const registered = await registeredSecrets(database);
  if (registered.length === 0) return [ok(name, 'the database knows none yet; the first start makes it this one')];
  const claim = judgeClaim(
    held.map((secret) => secretVerifier(secret, component)),
    registered,
  );
  const variable =
    component === 'keys' || examination.patient === 'host' ? 'SYSTEM_SECRET' : `${component.toUpperCase()}_SECRET`;
  if (claim.kind === 'refused') {
    return [
      error(
        name,
        `${variable} is not the one that this database was first used with (missing key IDs: ${claim.missing.join(', ')})`,
        'set the one it was used with, and every one that was added since, newest first; without it what is sealed is lost',
      ),
    ];
  }
  return [
    ok(name, `${variable} belongs to this database (key ID ${claim.inUse} in use)`),
    ...weaknesses(component, examination),
  ];
}

function weaknesses(component: Component, { env }: Examination): readonly Finding[] {
  if (component !== 'keys') return [];
  const check = checkSystemSecrets(env['SYSTEM_SECRET'] ?? '');
  if (!check.ok) return [];
  return check.warnings.map((text) =>
    warning('secret keys', text, 'castellan help secrets status tells how to replace it while everything runs'),
  );
}

/** Whether every signing set has a key that signs, and every key of the product can be opened. */
export async function checkKeys(database: Database, { env }: Examination): Promise<readonly Finding[]> {
  const root = env['SYSTEM_SECRET'] ?? '';
  if (!checkSystemSecrets(root).ok) return [];
  const store = createKeyStore(database);
  const sealer = createSealer({ secrets: parseSecretList(root), randomBytes });
  const findings: Finding[] = [];
  for (const { set } of livingSets) {
    const { keys } = await store.readSet(set);
    const name = `keys ${set}`;
    const closed = keys.filter((key) => !opens(key, (sealed, as) => sealer.open(sealed, as)));
    if (keys.length === 0) findings.push(ok(name, 'has none yet; the first start makes one'));
    else if (closed.length > 0) {
      findings.push(
        error(
          name,
          `${closed.map(({ kid }) => kid).join(', ')} cannot be opened: changed by hand, or sealed under another secret`,
          'restore the table keys.key, or delete those keys and let new ones be made; what they signed will not verify',
        ),
      );
    } else if (!keys.some(({ life }) => life?.state === 'active')) {
      findings.push(error(name, 'no key signs', `castellan keys rotate ${set}`));
    } else
      findings.push(
        ok(name, `${keys.filter(({ part }) => part === 'private').length} private keys, one of them signs`),
      );
  }
  return findings;
}

function opens(key: StoredKey, open: (sealed: Buffer, as: StoredKey) => string): boolean {
  try {
    open(key.sealed, key);
    return true;
  } catch (thrown) {
    if (thrown instanceof SealError) return false;
    throw thrown;
  }
}
