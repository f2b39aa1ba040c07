import { describe, expect, it } from 'vitest';
import { parseBasicHeader } from './basic-credentials.js';

function header(text: string): string {
  return `Basic ${Buffer.from(text).toString('base64')}`;
}

describe('a Basic header', () => {
  it('has two readings of a secret that may be form-encoded', () => {
    expect(parseBasicHeader(header('a%3Ab:x%2By'))).toEqual({ id: 'a:b', secrets: ['x+y', 'x%2By'] });
  });

  it.each(['conf%00:x', 'conf%0A:x', 'conf%7f:x'])(
    'whose id decodes to a control character (%s) is malformed',
    (text) => {
      expect(parseBasicHeader(header(text))).toBeUndefined();
    },
  );

  it('whose secret decodes to a control character has the raw reading only', () => {
    expect(parseBasicHeader(header('conf:x%00'))).toEqual({ id: 'conf', secrets: ['x%00'] });
  });
});
