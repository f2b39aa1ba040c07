import type pg from 'pg';
import type { Database } from '../database.js';

/** A subscription to the announcements of new revisions. */
export type PolicyChangeListener = { close(): void };

const retryMs = 1_000;

/**
 * Tells of every raised revision, soon after it was committed, on a connection of its own. Announcements can get lost
 * with the connection; it is opened again, and whenever it is open again that counts as one. Never throws.
 */
export function listenForPolicyChanges(database: Database, onChange: () => void): PolicyChangeListener {
  let isClosed = false;
  let client: pg.PoolClient | undefined;
  let retry: NodeJS.Timeout | undefined;

  function drop(lost: pg.PoolClient, error: Error | boolean): void {
    if (client !== lost) return;
    client = undefined;
    lost.removeAllListeners('notification');
    lost.release(error);
    if (!isClosed) retry = setTimeout(() => void open(), retryMs);
  }

  async function open(): Promise<void> {
    let opened: pg.PoolClient | undefined;
    try {
      opened = await database.pool.connect();
      client = opened;
      const mine = opened;
      opened.on('error', (error) => drop(mine, error));
      opened.on('notification', onChange);
      await opened.query('LISTEN castellan_warden_revision');
      if (isClosed) drop(opened, true);
      else onChange();
    } catch (error) {
      if (opened !== undefined) drop(opened, error instanceof Error ? error : true);
      else if (!isClosed) retry = setTimeout(() => void open(), retryMs);
    }
  }

  void open();
  return {
    close() {
      isClosed = true;
      clearTimeout(retry);
      // The connection is ended rather than given back: it still listens.
      if (client !== undefined) drop(client, true);
    },
  };
}
