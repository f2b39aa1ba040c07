import { createRpcChannelClient, wardenV1 } from '@castellan/rpc';
import { describe, expect, it } from 'vitest';
import { admin, serviceToken, type Target } from '../target.js';
import { type Doors, patient } from './doors.js';

/** Programs that show a token instead of a certificate. */
export function attackPortForAccessTokens({ target, bearers, withPolicy }: Doors): void {
  describe('the port for access tokens', () => {
    const check = { subject: 's', resource: 'r', action: 'a', context: undefined, anonymous: false };
    const warden = () => createRpcChannelClient(wardenV1.WardenService, bearers());
    const allow = async (who: Target): Promise<string> => {
      const { id } = await withPolicy({
        subjects: [who.clients.svc.id],
        resources: ['rn:hydra:warden:<.*>'],
        actions: ['decide'],
      });
      return id;
    };

    it('GR-02: a token is no right: scope and policy are', async () => {
      const bearer = await serviceToken(target(), 'hydra');
      await expect(warden().check(check, { bearer, ...patient })).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
      const id = await allow(target());
      expect(await warden().check(check, { bearer, ...patient })).toMatchObject({ allowed: false });
      const narrow = await serviceToken(target(), 'docs');
      await expect(warden().check(check, { bearer: narrow, ...patient })).rejects.toMatchObject({
        code: 'PERMISSION_DENIED',
      });
      await admin(target(), 'DELETE', `/policies/${id}`);
      await expect(warden().check(check, { bearer, ...patient })).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    });

    it('GR-02: not even the root client asks anonymously there, or writes a policy', async () => {
      const bearer = target().root;
      const anonymous = { ...check, subject: '', anonymous: true };
      await expect(warden().check(anonymous, { bearer, ...patient })).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
      });
      const policies = createRpcChannelClient(wardenV1.PoliciesService, bearers());
      await expect(policies.deletePolicy({ id: 'x' }, { bearer })).rejects.toMatchObject({ code: 'UNIMPLEMENTED' });
    });

    it('GR-03: what is no token is nobody, and is told nothing', async () => {
      for (const bearer of ['x', 'ct_at_AAAA.BBBB', `${target().root}x`, target().root.slice(0, -1)]) {
        const error = await warden()
          .check(check, { bearer, ...patient })
          .catch((thrown: unknown) => thrown);
        expect(error).toMatchObject({ code: 'UNAUTHENTICATED' });
        expect(String(error)).not.toContain(bearer.slice(0, 20));
      }
      await expect(warden().check(check, patient)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    });

    it('GR-21: a stream ends when its caller may ask no more, and not before', async () => {
      const bearer = await serviceToken(target(), 'hydra');
      const id = await allow(target());
      const stream = bearers().openMessages(wardenV1.WardenService.streamCheck, {
        idOf: (answer) => answer.id,
        isGoingAway: ({ goingAway }) => goingAway,
      });
      const ask = (changes: Partial<wardenV1.CheckRequest> = {}): Promise<wardenV1.StreamCheckResponse> =>
        stream.ask((number, deadlineMs) => ({ id: number, deadlineMs, check: { ...check, ...changes } }), {
          bearer,
          deadlineMs: 20_000,
        });
      expect(await ask({ subject: '' })).toMatchObject({ invalidArgument: 'subject must not be empty' });
      expect(await ask({ subject: '', anonymous: true })).toHaveProperty('invalidArgument');
      const consistency = { mode: wardenV1.ConsistencyMode.CONSISTENCY_MODE_AT_LEAST, revision: 1_000_000_000 };
      expect(await ask({ consistency })).toMatchObject({ failure: { code: 9 } });
      expect(await ask()).toMatchObject({ decision: { allowed: false } });
      await admin(target(), 'DELETE', `/policies/${id}`);
      await expect(ask()).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    });
  });
}
