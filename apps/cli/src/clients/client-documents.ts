import { secretPlaceholder } from '../dry-run.js';

/** A client by the names that the admin API has since Hydra 2.0. */
export type ClientDocument = Readonly<Record<string, unknown>>;

const lifespan = /_lifespan$/;

/**
 * The client as `POST /clients` takes it since Hydra 0.9. Lists that the command line of 2017 always sent are there, so that an
 * original server understands it too; other members only when they are set.
 */
export function formerDocument(client: ClientDocument, isPublic: boolean): ClientDocument {
  const { client_id, client_secret, access_token_strategy, ...others } = client;
  const lifespans = Object.entries(others).filter(([name]) => lifespan.test(name));
  return {
    ...(client_id !== undefined ? { id: client_id } : {}),
    client_name: '',
    ...(client_secret !== undefined ? { client_secret } : {}),
    redirect_uris: [],
    ...Object.fromEntries(Object.entries(others).filter(([name]) => !lifespan.test(name))),
    ...(access_token_strategy !== undefined ? { access_token_format: access_token_strategy } : {}),
    ...(lifespans.length > 0 ? { lifespans: Object.fromEntries(lifespans) } : {}),
    public: isPublic,
  };
}

/** What a dry run shows of a client: everything but its secret. */
export function withoutSecret(client: ClientDocument): ClientDocument {
  return client['client_secret'] === undefined ? client : { ...client, client_secret: secretPlaceholder };
}

/** The JSON Patch (RFC 6902) that gives a client these members; `add` replaces a member that is there. */
export function clientPatch(given: ClientDocument): readonly object[] {
  return Object.entries(given).map(([member, value]) => ({ op: 'add', path: `/${member}`, value }));
}
