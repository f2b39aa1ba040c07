/** What somebody saw of one token: when the question was sent, when its answer came, and what it was. */
export type Observation = {
  readonly kind: 'revoke' | 'introspect' | 'redeem';
  readonly key: string;
  readonly startedAt: number;
  readonly endedAt: number;
  /** `unknown`: no answer came, so that it may have happened at any time. */
  readonly result: 'done' | 'active' | 'inactive' | 'refused' | 'unknown';
};

/**
 * What a history says against the product's promises, as sentences: a used code buys once, and no question that was asked after a revocation had
 * returned finds its token active.
 */
export function brokenPromises(history: readonly Observation[]): readonly string[] {
  const keys = new Set(history.map(({ key }) => key));
  return [...keys].flatMap((key) => {
    const seen = history.filter((one) => one.key === key);
    const redeemed = seen.filter(({ kind, result }) => kind === 'redeem' && result === 'done');
    const revokedAt = Math.min(
      ...seen.filter(({ kind, result }) => kind === 'revoke' && result === 'done').map(({ endedAt }) => endedAt),
    );
    const late = seen.filter(
      ({ kind, result, startedAt }) => kind === 'introspect' && result === 'active' && startedAt > revokedAt,
    );
    return [
      ...(redeemed.length > 1 ? [`${key} was redeemed ${redeemed.length} times`] : []),
      ...late.map(({ startedAt }) => `${key} was active ${Math.round(startedAt - revokedAt)} ms after its revocation`),
    ];
  });
}
