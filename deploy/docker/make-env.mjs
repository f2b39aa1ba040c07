// Writes .env beside docker-compose.yml with fresh secrets for development. Run after `npm run build`:
//   node deploy/docker/make-env.mjs [path]
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { deriveServiceSecret, generateSystemSecret } from '../../libs/jwk/dist/index.js';

const path = process.argv[2] ?? new URL('../../.env', import.meta.url);
const random = () => randomBytes(24).toString('base64url');
const systemSecret = generateSystemSecret(randomBytes);

const lines = [
  '# Secrets of docker-compose.yml, made by deploy/docker/make-env.mjs. Never commit this file.',
  `POSTGRES_PASSWORD=${random()}`,
  `SYSTEM_SECRET=${systemSecret}`,
  `TOKEN_SECRET=${deriveServiceSecret(systemSecret, 'token')}`,
  `WARDEN_SECRET=${deriveServiceSecret(systemSecret, 'warden')}`,
  `ROOT_CLIENT_SECRET=${random()}`,
  `CONSENT_CLIENT_SECRET=${random()}`,
  `CONSENT_SESSION_SECRET=${random()}`,
];

try {
  // An existing file is kept: its system secret is the only one that opens the database.
  writeFileSync(path, `${lines.join('\n')}\n`, { mode: 0o600, flag: 'wx' });
  process.stdout.write('Wrote .env\n');
} catch (error) {
  process.stderr.write(
    error.code === 'EEXIST' ? '.env exists already and is kept.\n' : `Could not write .env: ${error.message}\n`,
  );
  process.exit(1);
}
