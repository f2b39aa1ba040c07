/** How something is created whose ID nothing of another kind may bear. */
export type UnsharedCreation<T> = {
  /** Throws where something of the other kind bears the ID. */
  readonly refuseTaken: () => Promise<void>;
  readonly create: () => Promise<T>;
  readonly withdraw: () => Promise<unknown>;
};

/**
 * Creates what must not bear the ID of a group or client (rulings 38). Clients and groups lie in the stores of two
 * services, which no one statement reaches: it is looked before and after, so that of two who create at once at least one
 * sees the other and withdraws. Where that cannot be told, what was created is withdrawn as well.
 * @throws what `refuseTaken` and `create` throw
 */
export async function createUnshared<T>({ refuseTaken, create, withdraw }: UnsharedCreation<T>): Promise<T> {
  await refuseTaken();
  const created = await create();
  try {
    await refuseTaken();
  } catch (cause) {
    await withdraw();
    throw cause;
  }
  return created;
}
