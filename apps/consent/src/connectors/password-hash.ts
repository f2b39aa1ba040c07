import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';

type Cost = { readonly ln: number; readonly r: number; readonly p: number };

// 32 MiB and some 100 ms per hash.
const COST: Cost = { ln: 15, r: 8, p: 3 };
const HASH_BYTES = 32;
const FORM = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/;

/** A hash of the usual cost that no password has; what an unknown account is compared with, at the same price. */
export const HASH_OF_NOBODY = `$scrypt$ln=${COST.ln},r=${COST.r},p=${COST.p}$${unpadded(Buffer.alloc(16))}$${unpadded(Buffer.alloc(HASH_BYTES))}`;

/** Hashes a password with scrypt (RFC 7914): `$scrypt$ln=15,r=8,p=3$<salt>$<hash>`, both base64 without padding. */
export async function hashPassword(password: string, salt: Buffer = randomBytes(16)): Promise<string> {
  const hash = await derive(password, salt, COST, HASH_BYTES);
  return `$scrypt$ln=${COST.ln},r=${COST.r},p=${COST.p}$${unpadded(salt)}$${unpadded(hash)}`;
}

/** Whether the password is the hashed one. False for a text that hashPassword did not make. */
export async function verifyPassword(password: string, hashed: string): Promise<boolean> {
  const [, ln, r, p, salt, hash] = FORM.exec(hashed) ?? [];
  if (ln === undefined || r === undefined || p === undefined || salt === undefined || hash === undefined) return false;
  const expected = Buffer.from(hash, 'base64');
  const cost = { ln: Number(ln), r: Number(r), p: Number(p) };
  if (cost.ln > 20 || expected.length < 16) return false;
  return timingSafeEqual(await derive(password, Buffer.from(salt, 'base64'), cost, expected.length), expected);
}

/** Whether a text has the form that hashPassword makes. */
export function isPasswordHash(text: string): boolean {
  return FORM.test(text);
}

function derive(password: string, salt: Buffer, cost: Cost, length: number): Promise<Buffer> {
  const options = { N: 2 ** cost.ln, r: cost.r, p: cost.p, maxmem: 256 * 2 ** cost.ln * cost.r };
  return new Promise((resolve, reject) => {
    scrypt(password.normalize('NFKC'), salt, length, options, (error, key) =>
      error === null ? resolve(key) : reject(error),
    );
  });
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}
