import { describe, expect, it } from 'vitest';
import { send } from '../http.js';
import { admin, introspect, newTokens, serviceToken, useTarget } from './target.js';

const target = useTarget({ env: { INTROSPECTION_ACCESS: 'policy' } });

describe('introspection behind a policy', () => {
  it('IN-08: who authenticates is not yet allowed; who is allowed is told', async () => {
    const { access_token: token } = await newTokens(target());
    const refused = await introspect(target(), token);
    expect(refused.status).toBe(403);
    expect(refused.text).not.toContain('active');
    const bearer = await serviceToken(target(), 'docs');
    const url = `${target().product.publicUrl}/oauth2/introspect`;
    expect((await send(url, { form: { token }, bearer })).status).toBe(403);
    expect((await send(url, { form: { token }, basic: ['conf', 'wrong'] })).status).toBe(401);
    const policy = {
      id: 'may-introspect',
      subjects: ['conf'],
      effect: 'allow',
      resources: ['rn:hydra:oauth2:tokens'],
      actions: ['introspect'],
    };
    expect((await admin(target(), 'POST', '/policies', policy)).status).toBe(201);
    expect((await introspect(target(), token)).status).toBe(200);
    expect((await introspect(target(), token, {}, 'evil')).status).toBe(403);
  });
});
