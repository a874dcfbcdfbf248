import type { imageServiceMethods, runtimeServiceMethods } from "./facts/services.ts";
import type { MessageName, Request, Response } from "./messages.ts";

export interface CallOptions {
  /** Fails with `DeadlineExceeded` after this. Default 120 000; 0 waits for ever. */
  readonly timeoutMs?: number;
  /** Fails with `Canceled`. */
  readonly signal?: AbortSignal;
}

type Methods = Readonly<Record<string, readonly [string, MessageName, MessageName]>>;
export type Calls<M extends Methods> = {
  readonly [K in keyof M]: (request?: Request<M[K][1]>, options?: CallOptions) => Promise<Response<M[K][2]>>;
};

/** Pods and containers. Every call rejects with a `CriError`. */
export interface RuntimeService extends Calls<typeof runtimeServiceMethods> {
  /**
   * Container life-cycle events until the signal aborts (then it ends) or the stream breaks (then it throws).
   * Runtimes that lack it, for example containerd 1.6, throw `Unimplemented`.
   */
  getContainerEvents(signal: AbortSignal): AsyncIterable<Response<"ContainerEventResponse">>;
}

/** Images. Every call rejects with a `CriError`. */
export interface ImageService extends Calls<typeof imageServiceMethods> {}

/** A container runtime: containerd, CRI-O, or anything else that speaks CRI v1. */
export interface ContainerRuntime {
  readonly runtime: RuntimeService;
  readonly images: ImageService;
  /**
   * A hint whenever a process of a container starts or ends, from containerd's own events: what changed has to be asked
   * for. Ends with the signal; throws `Unimplemented` for other runtimes, anything else when the stream breaks.
   */
  changes?(signal: AbortSignal): AsyncIterable<{ readonly topic: string }>;
  close(): void;
}
