import tls from 'node:tls';
import { Browser, send } from '../http.js';
import { ROOT, rootToken } from '../product.js';
import { type Stage } from './stage.js';
import { describe, expect, it } from 'vitest';

/** Statements of section 8.4 running the server. */
export function describeServer(stage: Stage): void {
  describe('8.4 running the server', () => {
    it('S23 S24 the issuer is the public URL, without a trailing slash', async () => {
      const answer = await send(`${stage.product.publicUrl}/.well-known/openid-configuration`);
      expect(answer.status).toBe(200);
      const metadata = JSON.parse(answer.text) as Record<string, unknown>;
      expect(metadata['issuer']).toBe(stage.product.issuer);
      expect(metadata['token_endpoint']).toBe(`${stage.product.issuer}/oauth2/token`);
    });

    it('S25 S61 users are sent to CONSENT_URL', async () => {
      const answer = await new Browser().send(
        stage.authorizationUrl({
          client_id: ROOT[0],
          response_type: 'code',
          redirect_uri: 'http://localhost:4445/callback',
          state: 'a-state-of-mine',
        }),
      );
      expect(answer.status).toBe(302);
      expect(answer.headers.location).toMatch(
        new RegExp(`^http://localhost:${stage.consentPort}/consent\\?challenge=`),
      );
    });

    it('S26 the root client manages everything', async () => {
      const token = await rootToken(stage.product);
      for (const route of ['/clients', '/policies', '/keys/hydra.openid.id-token', '/warden/groups?member=x'])
        expect((await send(`${stage.product.adminUrl}${route}`, { bearer: token })).status, route).toBe(200);
    });

    it('S27 the log tells that the HTTP server is set up', () => {
      expect(stage.product.log()).toMatch(/level=info msg="Setting up http server on :\d+"/);
    });

    it('S28 /health answers ok', async () => {
      const answer = await send(`${stage.product.publicUrl}/health`);
      expect([answer.status, answer.text]).toEqual([200, 'ok']);
    });

    it('S29 HTTPS with a certificate that nobody trusts by default', async () => {
      const url = new URL(stage.product.publicUrl);
      const failure = await new Promise<string>((resolve) => {
        const socket = tls.connect({ host: 'localhost', port: Number(url.port) }, () => resolve('trusted'));
        socket.on('error', (cause: NodeJS.ErrnoException) => resolve(cause.code ?? ''));
      });
      expect(failure).toMatch(/SELF_SIGNED|UNABLE_TO_VERIFY/);
    });
  });
}
