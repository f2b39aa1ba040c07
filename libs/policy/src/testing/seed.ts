/** Seed of the property tests; `FAST_CHECK_SEED` repeats a run. Each suite prints it in its title. */
export const seed: number = Number(process.env.FAST_CHECK_SEED ?? Math.floor(Math.random() * 2 ** 31));
