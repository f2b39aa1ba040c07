/** There are no figures: a server did not get ready, a load generator failed, time was up. Says nothing about speed. */
export class UnmeasuredError extends Error {}
