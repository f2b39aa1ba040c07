/** A policy or group may not be stored. The message names the member and says what is wrong; it may be shown. */
export class PolicyError extends Error {
  constructor(
    readonly member: string,
    reason: string,
  ) {
    super(`${member}: ${reason}`);
    this.name = 'PolicyError';
  }
}
