// The `castellan` command line. It speaks HTTP to a running server and nothing else; only `host`, `start` and `tour` load the
// server itself, and only `migrate` loads the database layer, each by a dynamic import, so that every other command answers in a
// blink. Commands, flags and outputs follow section 6 of the Hydra 0.9 command line.
export { main } from './main.js';
export type { Terminal } from './terminal.js';
