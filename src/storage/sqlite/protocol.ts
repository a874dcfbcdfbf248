import type { Failure } from "./failure.ts";

/** What the worker is started with. */
export type WorkerJob =
  | ({ readonly job: "serve" } & DatabaseOptions)
  | {
      readonly job: "restore";
      readonly from: string;
      readonly options: DatabaseOptions;
      readonly bumpRevision: number;
    };

export interface DatabaseOptions {
  readonly path: string;
  readonly fileBytesMax: number;
  readonly lockWaitMs: number;
}

export interface CommitRequest {
  readonly type: "commit";
  /** Raised after each failure: what was sent before it is not to be carried out any more. */
  readonly epoch: number;
  readonly revision: number;
  readonly frame: Uint8Array<ArrayBuffer>;
}

/** From the main thread. */
export type Request =
  | CommitRequest
  | { readonly type: "size"; readonly id: number }
  | { readonly type: "backup"; readonly id: number; readonly path: string }
  | { readonly type: "close" };

/** From the worker. After `opened`, `entries` until `loaded`; then one answer to each request. */
export type Response =
  | { readonly type: "opened"; readonly revision: number }
  | { readonly type: "entries"; readonly frame: Uint8Array<ArrayBuffer> }
  | { readonly type: "loaded" }
  | { readonly type: "open-failed"; readonly failure: Failure }
  | { readonly type: "durable"; readonly revision: number }
  | { readonly type: "commit-failed"; readonly epoch: number; readonly failure: Failure }
  | { readonly type: "answer"; readonly id: number; readonly value: number }
  | { readonly type: "answer-failed"; readonly id: number; readonly failure: Failure }
  | { readonly type: "closed" };
