/** One guard of the product switched off, and the rows of the catalogue that must fail then. */
export type Mutant = {
  /** How the titles of the rows begin. */
  readonly row: string;
  /** The test file beside this one. */
  readonly test: string;
  /** A compiled module, and the text that is changed wherever it stands in it. */
  readonly module: string;
  readonly from: string;
  readonly to: string;
};

/** A row that passes without its guard tests nothing. `npx vitest run --config vitest.mutants.config.ts` plays them. */
export const mutants: readonly Mutant[] = [
  {
    row: 'AD-01: nobody passes',
    test: 'admin-access.test.ts',
    module: 'apps/admin/dist/access.guard.js',
    from: 'grants.set(request, await authorize(this.access, route, call, presented, callOptionsOf(request)));',
    to: "grants.set(request, await authorize(this.access, route, call, presented, callOptionsOf(request)).catch(() => ({ caller: 'admin', anonymous: false, keyNames: [] })));",
  },
  {
    row: 'GR-02: a caller of decisions',
    test: 'grpc.test.ts',
    module: 'libs/service/dist/rpc/rpc-invocation.js',
    from: 'if (!peers.includes(peer))',
    to: 'if (false)',
  },
  {
    row: 'GR-03',
    test: 'grpc.test.ts',
    module: 'libs/service/dist/rpc/rpc-peer.js',
    from: "if (security.kind === 'plaintext')",
    to: 'if (call.metadata.get(PEER_METADATA).length > 0)',
  },
  {
    row: 'JK-03',
    test: 'keys.test.ts',
    module: 'libs/jwk/dist/seal.js',
    from: 'cipher.setAAD(associated);',
    to: 'cipher;',
  },
  {
    row: 'JK-06',
    test: 'keys.test.ts',
    module: 'libs/jwk/dist/secrets.js',
    from: 'known === undefined || missing.size > 0',
    to: 'known === undefined',
  },
];
