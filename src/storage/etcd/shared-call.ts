/** Callers that come while a call is on its way share the next one, so each gets an answer from after its asking. */
export class SharedCall<T> {
  readonly #start: () => Promise<T>;
  #running: Promise<T> | undefined;
  #next: Promise<T> | undefined;

  constructor(start: () => Promise<T>) {
    this.#start = start;
  }

  call(): Promise<T> {
    const running = this.#running;
    if (running === undefined) return this.#run();
    this.#next ??= running.then(
      () => this.#run(),
      () => this.#run(),
    );
    return this.#next;
  }

  #run(): Promise<T> {
    this.#next = undefined;
    const call = this.#start();
    const done = (): void => {
      if (this.#running === call) this.#running = undefined;
    };
    this.#running = call;
    call.then(done, done);
    return call;
  }
}
