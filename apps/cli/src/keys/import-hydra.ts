import { type HydraImport, importHydraKeys, livingSets } from '@castellan/jwk';
import { readKeysConfig } from '@castellan/keys';
import { readHydraKeys } from '@castellan/postgres';
import type { CommandCall } from '../command.js';
import { readSecretFromStdin } from '../prompt.js';
import { withSecretDatabases } from '../secrets/secret-databases.js';
import { CommandError, errorText, printable } from '../terminal.js';

/** The command `keys import-hydra`. Exits 1 when a key was refused. */
export async function importFromHydra(call: CommandCall): Promise<void> {
  const systemSecret = call.has('secret-stdin')
    ? await readSecretFromStdin(call.terminal)
    : (call.terminal.env['HYDRA_SYSTEM_SECRET'] ?? '');
  if (systemSecret === '') throw new CommandError('HYDRA_SYSTEM_SECRET is not set: the system secret of that Hydra.');
  const rows = await readHydraKeys(call.operand(0)).catch((error: unknown) => {
    throw new CommandError(`Could not read the keys of Hydra: ${errorText(error)}`);
  });
  const refused: HydraImport[] = [];
  await withSecretDatabases(call, async ({ store, sealer, held }) => {
    const claim = await store.claimSecrets(held.map(({ keys }) => keys));
    if (claim.kind === 'refused') {
      throw new CommandError('SYSTEM_SECRET lacks a secret that the database needs. `secrets status` shows which.');
    }
    sealer.use(claim.inUse);
    const rules = readKeysConfig(call.terminal.env).rotation.get(livingSets[0]?.set ?? '');
    if (rules === undefined) throw new Error('a signing set without rules');
    await importHydraKeys(rows, {
      store,
      sealer,
      systemSecret,
      rules,
      actor: { peer: 'cli', requestId: '' },
      onRow: (done) => {
        if (done.outcome === 'refused') refused.push(done);
        const why = done.reason === undefined ? '' : `: ${done.reason}`;
        call.print(printable(`${done.set} ${done.kid}: ${done.outcome}${why}`));
      },
    });
  });
  if (refused.length > 0) throw new CommandError(`${refused.length} of ${rows.length} keys were refused.`);
}
