/**
 * Keeps one loaded value for a short time. Callers that come while it loads share the load; a load that fails is
 * forgotten. `now` is milliseconds of any clock that does not run back.
 */
export function createBriefCache<T>(load: () => Promise<T>, lifetimeMs: number, now: () => number): () => Promise<T> {
  let loading: Promise<T> | undefined;
  let loadedAt = Number.NEGATIVE_INFINITY;
  return function read(): Promise<T> {
    if (loading === undefined || now() - loadedAt >= lifetimeMs) {
      loadedAt = now();
      const started = load();
      loading = started;
      started.catch(() => {
        if (loading === started) {
          loading = undefined;
        }
      });
    }
    return loading;
  };
}
