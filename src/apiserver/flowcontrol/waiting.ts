import type { RequestInfo } from "../request/contract.ts";

/** What a queue knows of a request: enough to show it and to let it go on. */
export interface Waiting {
  readonly schema: string;
  readonly distinguisher: string;
  readonly userName: string;
  readonly info: RequestInfo;
  readonly arrivedAtMs: number;
  /** Called when its turn has come. */
  go(): void;
}
