import { createRpcChannelClient, wardenV1 } from '@castellan/rpc';
import { describe, expect, it } from 'vitest';
import { admin } from '../target.js';
import { type Doors, patient } from './doors.js';

/** Policies that another release, or a hand, left broken. */
export function attackWithBrokenPolicies({ target, peers, withPolicy, decisions }: Doors): void {
  /** Changes a stored policy behind the Warden's back, as a migration or another release might have. */
  async function breakPolicy(id: string, change: string): Promise<void> {
    await target().database.database.pool.query(`UPDATE warden.policy SET ${change} WHERE id = $1`, [id]);
    // What a hand changes is told with the next write.
    await withPolicy({});
  }

  describe('a stored policy that is broken', () => {
    it.each<[string, string, 'allow' | 'deny']>([
      ['a subject that is no expression', `subjects = '{<(}'`, 'allow'],
      ['a subject that is no expression, and that denies', `subjects = '{<(}'`, 'deny'],
      ['unbalanced delimiters', `subjects = '{<a}'`, 'deny'],
      ['an expression that no linear engine runs', `subjects = '{"<(a)\\\\1>"}'`, 'deny'],
      ['a condition of an unknown type', `conditions = '{"x":{"type":"NoSuchCondition","options":{}}}'`, 'deny'],
      ['a condition of an unknown type, and that allows', `conditions = '{"x":{"type":"NoSuch"}}'`, 'allow'],
      ['conditions of another shape', `conditions = '[1]'`, 'deny'],
    ])('WP-05: with %s denies what it might concern, nothing else, and says so', async (_what, change, effect) => {
      const { action, id: wide } = await withPolicy({ subjects: ['<.*>'], resources: ['<.*>'] });
      const { id } = await withPolicy({ effect, resources: ['secret'], actions: [action] });
      const secret = { subject: 's', resource: 'secret', action };
      expect(await decisions(secret)).toEqual(Array(3).fill(effect === 'allow'));
      await breakPolicy(id, change);
      expect(await decisions(secret)).toEqual([false, false, false]);
      expect(await decisions({ ...secret, resource: 'open' })).toEqual([true, true, true]);
      const explained = await admin(target(), 'POST', '/warden/explain', secret);
      expect(JSON.parse(explained.text)).toMatchObject({ allowed: false, reason: 'policy_invalid' });
      const check = { ...secret, context: undefined, anonymous: false };
      const warden = createRpcChannelClient(wardenV1.WardenService, peers());
      expect(await warden.check(check, patient)).toMatchObject({
        allowed: false,
        reason: wardenV1.DenialReason.DENIAL_REASON_POLICY_INVALID,
      });
      expect(target().product.log()).toMatch(new RegExp(`level=error.*${id}`));
      // Removing what is broken heals at once.
      expect((await admin(target(), 'DELETE', `/policies/${id}`)).status).toBe(204);
      expect(await decisions(secret)).toEqual([true, true, true]);
      await admin(target(), 'DELETE', `/policies/${wide}`);
    });

    it('WP-05: cannot be stored with an effect that is none', async () => {
      const { id } = await withPolicy({});
      await expect(breakPolicy(id, `effect = 'permit'`)).rejects.toBeDefined();
    });
  });
}
