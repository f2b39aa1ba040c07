import { describe, expect, it } from 'vitest';
import { hashPassword, verifyPassword } from './password-hash.js';

describe('a password hash', () => {
  it('verifies its password and no other', async () => {
    const hash = await hashPassword('secret');
    expect(hash).toMatch(/^\$scrypt\$ln=15,r=8,p=3\$/);
    expect(await verifyPassword('secret', hash)).toBe(true);
    expect(await verifyPassword('Secret', hash)).toBe(false);
  });

  it('differs for the same password', async () => {
    expect(await hashPassword('secret')).not.toBe(await hashPassword('secret'));
  });

  it.each(['', 'secret', '$scrypt$ln=99,r=8,p=1$AAAA$AAAA', '$scrypt$ln=15,r=8,p=3$AAAA$AAAA', '$2a$10$abc'])(
    'that is none verifies nothing: %j',
    async (text) => expect(await verifyPassword('secret', text)).toBe(false),
  );
});
