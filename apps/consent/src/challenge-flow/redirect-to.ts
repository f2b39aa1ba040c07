import { z } from 'zod';
import { badGateway } from '../failure.js';
import type { HttpClient } from '../http-client.js';

/** Where answers of the authorization server may lead a browser. */
export type RedirectTargets = {
  /** The URL, when it is one of the issuer's origin. Rejects with a Failure that can be shown for any other. */
  verify(target: string): Promise<string>;
};

const discovery = z.object({ issuer: z.url({ protocol: /^https?$/ }) });

/**
 * Reads the issuer from the discovery document (OpenID Connect Discovery section 4), once: its name may differ from the
 * URL that this app reaches the server by.
 */
export function createRedirectTargets(serverUrl: string, http: HttpClient): RedirectTargets {
  let origin: Promise<string> | undefined;

  async function readOrigin(): Promise<string> {
    const url = `${serverUrl}/.well-known/openid-configuration`;
    const response = await http.fetch(url, { headers: { accept: 'application/json' } }).catch((cause: unknown) => {
      throw badGateway('unreachable', {}, cause);
    });
    const document = discovery.safeParse(await response.json().catch(() => undefined));
    if (!document.success) throw badGateway('unexpectedAnswer', {}, new Error(`${url} answered no discovery document`));
    return new URL(document.data.issuer).origin;
  }

  return {
    async verify(target) {
      origin ??= readOrigin();
      const issuer = await origin.catch((error: unknown) => {
        origin = undefined;
        throw error;
      });
      if (URL.canParse(target) && new URL(target).origin === issuer) return target;
      throw badGateway('unexpectedAnswer', {}, new Error(`redirect_to does not lead to ${issuer}`));
    },
  };
}
