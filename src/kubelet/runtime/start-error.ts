/** A container could not be started. `reason` is what its waiting state shows. */
export class StartError extends Error {
  readonly reason: string;

  constructor(reason: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "StartError";
    this.reason = reason;
  }
}
