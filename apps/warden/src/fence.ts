/**
 * Makes a fence from a read: every caller gets the answer of a read that was sent after the call, never of one that was
 * on its way by then. At most one read is on its way; all who call meanwhile share the next one. A read that fails fails
 * for those who share it, and for nobody after them.
 */
export function createFence<T>(read: () => Promise<T>): () => Promise<T> {
  /** Settles when the read on its way has; then the next may be sent. */
  let previous: Promise<unknown> = Promise.resolve();
  /** The read that callers may still join: it has not been sent. */
  let unsent: Promise<T> | undefined;

  return () => {
    if (unsent === undefined) {
      unsent = previous.then(() => {
        // From here on a caller is too late for this read.
        unsent = undefined;
        return read();
      });
      previous = unsent.catch(() => undefined);
    }
    return unsent;
  };
}
