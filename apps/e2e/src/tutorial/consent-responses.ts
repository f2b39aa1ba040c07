import { readChallenge, respond } from '../consent-player.js';
import { Browser } from '../http.js';
import { type Stage, consumer } from './stage.js';
import { describe, expect, it } from 'vitest';

/** What a consent response may do: once, by the browser that asked, for what was asked. */
export function describeConsentResponses(stage: Stage): void {
  describe('8.6 consent responses', () => {
    it('two tabs of one browser finish in any order', async () => {
      const browser = new Browser();
      const urls = ['tab-number-one', 'tab-number-two'].map((state) =>
        stage.authorizationUrl({ ...consumer, scope: 'openid', state }),
      );
      const challenges = [];
      for (const url of urls)
        challenges.push(await readChallenge(stage.product, (await browser.send(url)).headers.location ?? ''));
      for (const [index, challenge] of [...challenges.entries()].reverse()) {
        const answer = await browser.send(await respond(stage.product, challenge));
        expect(new URL(answer.headers.location ?? '').searchParams.get('state')).toBe(
          ['tab-number-one', 'tab-number-two'][index],
        );
      }
    });

    it('a consent response is used once, by the browser that asked, for what was asked', async () => {
      const browser = new Browser();
      const begin = async (scope: string): Promise<Awaited<ReturnType<typeof readChallenge>>> =>
        readChallenge(
          stage.product,
          (await browser.send(stage.authorizationUrl({ ...consumer, scope }))).headers.location ?? '',
        );
      const error = (answer: { headers: { location?: string | undefined } }): string | null =>
        new URL(answer.headers.location ?? 'about:blank').searchParams.get('error');

      const url = await respond(stage.product, await begin('openid'));
      expect(error(await new Browser().send(url)), 'CF-05: another browser').toBe('access_denied');
      expect(new URL((await browser.send(url)).headers.location ?? '').searchParams.get('code')).toBeTruthy();
      expect(error(await browser.send(url)), 'CF-01: replay').toBe('access_denied');

      const wider = await respond(stage.product, await begin('openid'), { scopes: ['openid', 'offline'] });
      expect(error(await browser.send(wider)), 'CF-10: beyond the request').toBe('access_denied');
      const swapped = (await respond(stage.product, await begin('openid'))).replace(consumer.state, 'another-state');
      expect(error(await browser.send(swapped)), 'CF-02: another request').toBe('access_denied');
      const denied = await browser.send(`${(await begin('openid')).redir}&consent=denied`);
      expect(error(denied)).toBe('access_denied');
    });
  });
}
