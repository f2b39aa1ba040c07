import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { ConsentConfigError } from '../consent.config.js';
import type { PasswordConnector, User } from './connector.js';
import { HASH_OF_NOBODY, isPasswordHash, verifyPassword } from './password-hash.js';

/** One factor, level 1 of ISO/IEC 29115 (OpenID Connect Core section 2). */
const PASSWORD_ACR = '1';

const usersSchema = z.array(
  z.strictObject({
    login: z.string().min(1),
    password: z.string().refine(isPasswordHash, 'must be a hash made by `main.js hash-password`'),
    subject: z.string().min(1),
    name: z.string(),
    nickname: z.string().default(''),
    email: z.string(),
    email_verified: z.boolean().default(false),
  }),
);

/**
 * Reads users from a JSON file: a list of login, password (scrypt hash), subject, name, nickname, email and
 * email_verified. Logins are compared without regard to case. Throws ConsentConfigError when the file is unusable, or
 * holds a subject that `isForeign` claims for another connector.
 */
export function openUserFile(
  path: string | URL,
  isForeign: (subject: string) => boolean = () => false,
): PasswordConnector {
  const entries = readUsers(path);
  const byLogin = new Map(entries.map((entry) => [foldCase(entry.login), entry]));
  const bySubject = new Map(entries.map((entry) => [entry.subject, entry]));
  if (byLogin.size !== entries.length || bySubject.size !== entries.length) {
    throw new ConsentConfigError('USERS_FILE holds a login or a subject twice');
  }
  if (entries.some(({ subject }) => isForeign(subject))) {
    throw new ConsentConfigError('USERS_FILE holds a subject that belongs to the upstream provider');
  }

  return {
    kind: 'password',
    async authenticate(login, password) {
      const entry = byLogin.get(foldCase(login));
      // An unknown login takes the same time, so that the time does not tell which logins exist.
      const matches = await verifyPassword(password, entry?.password ?? HASH_OF_NOBODY);
      return entry !== undefined && matches ? { user: toUser(entry), acr: PASSWORD_ACR, amr: ['pwd'] } : undefined;
    },
    async find(subject) {
      const entry = bySubject.get(subject);
      return entry === undefined ? undefined : toUser(entry);
    },
  };
}

function readUsers(path: string | URL): z.infer<typeof usersSchema> {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new ConsentConfigError('USERS_FILE is not a readable JSON file', { cause });
  }
  const parsed = usersSchema.safeParse(content);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new ConsentConfigError(
    `USERS_FILE is not a list of users: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`,
  );
}

function toUser(entry: z.infer<typeof usersSchema>[number]): User {
  const { subject, name, nickname, email } = entry;
  return { subject, name, nickname, email, emailVerified: entry.email_verified };
}

function foldCase(login: string): string {
  return login.trim().normalize('NFKC').toLowerCase();
}
