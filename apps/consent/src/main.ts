import { text } from 'node:stream/consumers';
import type { Log } from './app-context.js';
import { ConsentConfigError, readConsentConfig } from './consent.config.js';
import { startConsentApp } from './consent-app.js';
import { hashPassword } from './connectors/password-hash.js';

const log: Log = (level, message, fields = {}) => {
  const pairs = Object.entries(fields).map(([key, value]) => ` ${key}=${JSON.stringify(value)}`);
  process.stderr.write(
    `time="${new Date().toISOString()}" level=${level} msg=${JSON.stringify(message)}${pairs.join('')}\n`,
  );
};

async function serve(): Promise<void> {
  const config = readConsentConfig(process.env);
  const app = await startConsentApp(config, { log });
  log('info', `Setting up http server on :${config.port}`, { url: app.url });
  const stop = (): void => {
    app.close().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}

/** `main.js hash-password`: reads a password from stdin, prints the hash that a user file holds. */
async function printPasswordHash(): Promise<void> {
  const password = (await text(process.stdin)).replace(/\r?\n$/, '');
  process.stdout.write(`${await hashPassword(password)}\n`);
}

try {
  await (process.argv[2] === 'hash-password' ? printPasswordHash() : serve());
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(
    error instanceof ConsentConfigError ? `${message}\n` : `The consent app could not start: ${message}\n`,
  );
  process.exit(1);
}
