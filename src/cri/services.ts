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
  close(): void;
}
