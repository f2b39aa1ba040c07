import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createSubjectIdentifier } from './subject-identifier.js';
import { sampleClient } from './testing/sample-client.js';

const subjectOf = createSubjectIdentifier(Buffer.alloc(32, 1));
const pairwise = { subjectType: 'pairwise' } as const;

function clientAt(host: string, sectorIdentifierUri?: string) {
  const openid = { ...pairwise, ...(sectorIdentifierUri !== undefined ? { sectorIdentifierUri } : {}) };
  return sampleClient({ openid, redirectUris: [`https://${host}/cb`] });
}

describe('a subject identifier', () => {
  it('is the subject itself unless the client is pairwise', () => {
    expect(subjectOf(sampleClient(), 'alice')).toBe('alice');
    expect(subjectOf(sampleClient({ openid: { subjectType: 'public' } }), 'alice')).toBe('alice');
  });

  it('is the same in one sector, and another in another', () => {
    const first = subjectOf(clientAt('a.example'), 'alice');
    expect(first).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(subjectOf(clientAt('a.example'), 'alice')).toBe(first);
    expect(subjectOf(clientAt('b.example'), 'alice')).not.toBe(first);
    expect(subjectOf(clientAt('b.example', 'https://a.example/uris.json'), 'alice')).toBe(first);
    expect(subjectOf(clientAt('a.example'), 'bob')).not.toBe(first);
  });

  it('cannot be guessed without the key', () => {
    expect(createSubjectIdentifier(randomBytes(32))(clientAt('a.example'), 'alice')).not.toBe(
      subjectOf(clientAt('a.example'), 'alice'),
    );
  });
});
