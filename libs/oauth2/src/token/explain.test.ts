import { beforeEach, describe, expect, it } from 'vitest';
import { explainToken } from './explain.js';
import { basic, callback, createTokenHarness, type TokenHarness } from './token-harness.js';

const authorization = basic('conf', 'conf-secret');
let harness: TokenHarness;

beforeEach(async () => {
  harness = await createTokenHarness();
});

const explain = (text: string) => explainToken(text, { ...harness, inspection: harness.store.inspection });

describe('explaining a token', () => {
  it.each(['', 'x', 'ct_at_x.y', 'eyJhbGciOiJub25lIn0.e30.x', 'ct_at_' + 'A'.repeat(54) + '.' + 'A'.repeat(43)])(
    'says of %j only that this server did not make it',
    async (text) => {
      expect(await explain(text)).toEqual({ kind: 'foreign' });
    },
  );

  it.each(['opaque', 'jwt', 'stateless-jwt'] as const)('says what a good %s token is', async (accessTokenFormat) => {
    await harness.register({ tokens: { accessTokenFormat } });
    const form = { grant_type: 'client_credentials', scope: 'photos' };
    const { accessToken } = await harness.token(form, authorization);
    expect(await explain(accessToken)).toMatchObject({
      ...{ kind: 'token', type: 'access_token', format: accessTokenFormat, valid: true, reasons: [] },
      token: { clientId: 'conf', subject: 'conf', scopes: ['photos'] },
    });
    await harness.revoke({ token: accessToken }, authorization);
    expect(await explain(accessToken)).toMatchObject({ valid: false, reasons: ['revoked'] });
  });

  it('looks at a code and at a refresh token without presenting them', async () => {
    const client = await harness.register();
    const code = harness.makeCode(client);
    expect(await explain(code)).toMatchObject({ type: 'authorization_code', valid: true });
    const form = { grant_type: 'authorization_code', code, redirect_uri: callback };
    const { refreshToken = '' } = await harness.token(form, authorization);
    expect(await explain(code)).toMatchObject({ valid: false, reasons: ['used'] });
    harness.advance(3_000);
    expect(await explain(refreshToken)).toMatchObject({ type: 'refresh_token', valid: true });
    await harness.token({ grant_type: 'refresh_token', refresh_token: refreshToken }, authorization);
    expect(await explain(refreshToken)).toMatchObject({ valid: false, reasons: ['used'] });
  });

  it('is valid exactly while introspection calls the token active', async () => {
    const client = await harness.register();
    const form = { grant_type: 'authorization_code', code: harness.makeCode(client), redirect_uri: callback };
    const { accessToken } = await harness.token(form, authorization);
    const agree = async () => {
      const explanation = await explain(accessToken);
      expect(explanation).toMatchObject({ valid: await harness.isActive(accessToken) });
      return explanation;
    };
    expect(await agree()).toMatchObject({ valid: true });
    harness.advance(3_600_000);
    expect(await agree()).toMatchObject({ valid: false, reasons: ['expired'] });
  });

  it('says that what is forgotten was expired, and that what is absent before its time is unknown', async () => {
    const { tokenText } = harness;
    const bucket = Math.floor(harness.now() / 3_600_000);
    const gone = tokenText.mint('access_token', bucket - 2).text;
    const absent = tokenText.mint('access_token', bucket + 2).text;
    expect(await explain(gone)).toEqual({
      ...{ kind: 'token', type: 'access_token', format: 'opaque', valid: false, reasons: ['expired'] },
    });
    expect(await explain(absent)).toMatchObject({ valid: false, reasons: ['unknown'] });
  });
});
