import { describe, expect, it } from 'vitest';
import { createAuthorizationHarness, partsOf, responseOf, validRequest } from '../testing/authorization-harness.js';

const object = (members: object): string =>
  ['{"alg":"none"}', JSON.stringify(members), ''].map((part) => Buffer.from(part).toString('base64url')).join('.');

async function refuse(changes: Record<string, string | undefined>) {
  const harness = await createAuthorizationHarness();
  await harness.register();
  return harness.openBrowser().start({ ...validRequest, ...changes });
}

describe('a request object by value is refused (OpenID Connect Core section 6.1)', () => {
  it('by the response mode and with the state that it alone names', async () => {
    const outcome = await refuse({
      state: undefined,
      request: object({ response_mode: 'form_post', state: 'inside' }),
    });
    expect(outcome.kind).toBe('error-to-client');
    expect(partsOf(outcome).mode).toBe('form_post');
    expect(responseOf(outcome)).toMatchObject({ error: 'request_not_supported', state: 'inside' });
  });

  it('by the state of the query where both name one', async () => {
    const outcome = await refuse({ state: 'outside', request: object({ state: 'inside' }) });
    expect(responseOf(outcome)).toMatchObject({ error: 'request_not_supported', state: 'outside' });
  });

  it('to the redirect URI of the query, never to one that it names', async () => {
    const outcome = await refuse({ request: object({ redirect_uri: 'https://evil.example/callback' }) });
    expect(partsOf(outcome).target).toBe(validRequest['redirect_uri']);
  });

  it.each([
    ['no JWT', 'eyJ'],
    ['no JSON', 'a.b.c'],
    ['a member that is no string', object({ response_mode: ['form_post'], state: 1 })],
    ['a doubled member', `e30.${Buffer.from('{"state":"a","state":"b"}').toString('base64url')}.`],
  ])('plainly when it is %s', async (_, request) => {
    const outcome = await refuse({ request });
    expect(partsOf(outcome).mode).toBe('query');
    expect(responseOf(outcome)['state']).toBe(validRequest['state']);
  });
});
