import { afterAll, beforeEach } from 'vitest';
import { connected, startAdminServer, type AdminServer } from './admin-server.js';
import { createCommandLine, type CommandLine } from './run-command.js';

/**
 * A server that stands in for the admin API, and a command line that is connected to it, for the tests of one file. Each test
 * begins with a server that was told nothing and has seen nothing; it is closed behind the last.
 */
export async function connectCommandLine(): Promise<{ readonly server: AdminServer; readonly cli: CommandLine }> {
  const server = await startAdminServer();
  const cli = createCommandLine(connected(server));
  beforeEach(() => {
    server.seen.length = 0;
    server.answers.clear();
  });
  afterAll(() => server.close());
  return { server, cli };
}
