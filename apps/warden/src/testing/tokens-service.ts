import { RpcError, type RpcHandlers, tokenV1 } from '@castellan/rpc';
import { RpcService } from '@castellan/service';

const nobody = { issueToken: [], revokeToken: [], introspectForCaller: [], inspectToken: [], getMetadata: [] } as const;

/** A token that the service below knows. */
export type KnownToken = {
  readonly subject: string;
  readonly scopes: string[];
  readonly extraJson?: string;
  /** Resources that it was asked for; absent: none, and it is for its client. */
  readonly audience?: string[];
};

/**
 * The part of the token service that the Warden asks, over tokens that a test hands out. It is a service of its own,
 * behind the same peer table: only the Warden may introspect.
 */
@RpcService(tokenV1.TokensService, { ...nobody, introspect: ['warden'] })
export class TokensTestService implements RpcHandlers<typeof tokenV1.TokensService> {
  readonly tokens = new Map<string, KnownToken>();
  /** Requests so far. */
  readonly asked: tokenV1.IntrospectRequest[] = [];
  /** Thrown instead of an answer. */
  failure: Error | undefined;

  async introspect(request: tokenV1.IntrospectRequest): Promise<tokenV1.IntrospectResponse> {
    this.asked.push(request);
    if (this.failure !== undefined) throw this.failure;
    const token = this.tokens.get(request.token);
    const isCovered = (scope: string): boolean =>
      token?.scopes.some((granted) => scope === granted || scope.startsWith(`${granted}.`)) === true;
    const scopeMissing = token !== undefined && !request.scopes.every(isCovered);
    const introspection = tokenV1.Introspection.create({ active: false });
    if (token === undefined || scopeMissing) return { introspection, scopeMissing };
    return {
      introspection: {
        active: true,
        scopes: token.scopes,
        clientId: 'app',
        subject: token.subject,
        expiresAtMs: 1_750_003_600_000,
        issuedAtMs: 1_750_000_000_000,
        audience: token.audience ?? ['app'],
        issuer: 'https://issuer.example',
        extraJson: token.extraJson ?? '',
      },
      scopeMissing,
    };
  }

  issueToken(): Promise<never> {
    return refuse();
  }

  revokeToken(): Promise<never> {
    return refuse();
  }

  introspectForCaller(): Promise<never> {
    return refuse();
  }

  inspectToken(): Promise<never> {
    return refuse();
  }

  getMetadata(): Promise<never> {
    return refuse();
  }
}

function refuse(): Promise<never> {
  return Promise.reject(new RpcError('UNIMPLEMENTED', 'the Warden asks no such thing'));
}
