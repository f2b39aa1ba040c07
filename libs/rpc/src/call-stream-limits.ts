const KIB = 1024;

/** Most calls in one message. */
export const MAX_CALLS_PER_BATCH = 256;
/** Most calls of one stream that are not answered yet: the caller sends no more, the server reads no more. */
export const CALL_WINDOW = 1024;
/** Most calls that wait for the window; what comes then is refused at once. */
export const MAX_WAITING_CALLS = 8192;
/** A request of more bytes travels alone, as a unary call; it must not hold up the small ones behind it. */
export const MAX_STREAMED_REQUEST_BYTES = 128 * KIB;
/** A batch is closed when it holds this many bytes; with one more call it stays below the 1 MiB of a message. */
export const BATCH_BYTES = 512 * KIB;
/** Most bytes of one answer on a stream, as of a unary one: a message of 1 MiB with its envelope. */
export const MAX_STREAMED_RESPONSE_BYTES = 1024 * KIB - 256;
/** How long a peer that does not know the stream is called without it before it is asked again, in milliseconds. */
export const UNARY_ONLY_MS = 60_000;
/** How long an address that could not be reached is passed over while others can, in milliseconds. */
export const FAILING_MS = 3_000;
/** Most messages of a stream of an outside caller that are not answered yet: it sends no more, the server reads no more. */
export const MESSAGE_WINDOW = 256;
