import { decodeProtectedHeader } from 'jose';
import { compare, type Contender } from '../compare.js';
import type { Ratio, Row, Scenario } from '../scenario.js';
import {
  basicOf,
  benchBasic,
  type JwtAlgorithm,
  jwtAlgorithms,
  jwtClient,
  resourceOf,
} from '../servers/bench-client.js';
import { ask } from '../servers/http.js';
import { type AuthorizationServer, formContender, peerServer, productServer, ratiosAgainstPeer } from './contenders.js';
import { signAccessTokensWith } from '../servers/signing-key.js';

// One RS256 signature of 2048 bits takes most of the request on both sides: there is less to win.
const goals: Readonly<Record<JwtAlgorithm, { readonly host: number; readonly services: number } | undefined>> = {
  RS256: { host: 1.4, services: 1.2 },
  ES256: { host: 3, services: 2 },
  EdDSA: undefined,
};

/** P-2: JWT access tokens (RFC 9068) by client credentials, signed with each algorithm. */
export const jwtAccessTokens: Scenario = {
  id: 'P-2',
  title: 'Access token by client credentials, JWT',
  async run(world) {
    const servers = [
      await productServer(world, 'host'),
      await productServer(world, 'services'),
      await peerServer(world, 'postgres'),
    ];
    const rows: Row[] = [];
    const ratios: Ratio[] = [];
    for (const algorithm of jwtAlgorithms) {
      const contenders: Contender[] = [];
      for (const server of servers) contenders.push(await contenderOf(server, algorithm));
      const measured = await compare(world, contenders);
      rows.push(...measured);
      const { host, services } = goals[algorithm] ?? {};
      ratios.push(...ratiosAgainstPeer(measured, { id: 'P-2', work: workOf(algorithm), host, services }));
    }
    return {
      rows,
      ratios,
      notes: [
        'RSA keys have 2048 bits on both sides. The product lets its key manager sign: over the stream between separate ' +
          'services, by a call within the process of `castellan host`.',
        'Neither side stores these tokens: the format is `stateless-jwt`, which can be revoked all the same, and the peer has ' +
          'no other kind of JWT.',
      ],
      violations: [],
    };
  },
};

function workOf(algorithm: JwtAlgorithm): string {
  return `client_credentials, JWT ${algorithm}`;
}

/** Makes a server sign with the algorithm and looks whether it does. */
async function contenderOf(server: AuthorizationServer, algorithm: JwtAlgorithm): Promise<Contender> {
  const { product } = server;
  if (product !== undefined) await signAccessTokensWith(product, algorithm);
  const form = {
    grant_type: 'client_credentials',
    scope: 'bench',
    ...(product === undefined ? { resource: resourceOf(algorithm) } : {}),
  };
  const authorization = product === undefined ? benchBasic : basicOf(jwtClient);
  const { access_token: token } = (await ask(server.tokenUrl, { form, authorization })) as { access_token: string };
  const { alg } = decodeProtectedHeader(token);
  if (alg !== algorithm) throw new Error(`${server.name} signs with ${alg} instead of ${algorithm}`);
  const body = new URLSearchParams(form).toString();
  return formContender(server, workOf(algorithm), { url: server.tokenUrl, authorization, bodies: [body] });
}
