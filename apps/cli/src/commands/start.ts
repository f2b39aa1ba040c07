import type { CommandRow } from '../command.js';

export const startRow: CommandRow = {
  path: 'start',
  summary: 'Run everything on this machine: server, database, login and consent',
  examples: ['start'],
  details: `Runs host on the embedded PostgreSQL, with the exemplary consent app beside it, and prints how to go on. Everything it
makes is kept in the data folder: CASTELLAN_DATA, else $XDG_DATA_HOME/castellan, else ~/.local/share/castellan
(/var/lib/castellan for root). Ports: PORT (4444), CONSENT_PORT (9020), GRPC_PORT (4452).`,
  run: async (call) => {
    const { start } = await import('../start/start.js');
    await start(call);
  },
};
