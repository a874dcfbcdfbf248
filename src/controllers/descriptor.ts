import type { Runnable } from "../base/index.ts";
import type { ControllerContext } from "../reconcile/index.ts";
import type { ControllerConfig } from "./config.ts";

/** A controller as data: its name as upstream's `--controllers` knows it, and how to make it. */
export interface ControllerDescriptor {
  readonly name: string;
  /** Runs only when asked for by name. */
  readonly disabledByDefault?: true;
  /** Runs whatever is chosen. */
  readonly always?: true;
  /** Runs only while these gates are on. */
  readonly featureGates?: readonly string[];
  /** The service account in kube-system it acts as. Default: its name. */
  readonly serviceAccount?: string;
  /** `undefined` when the configuration leaves it nothing to do. */
  create(context: ControllerContext, config: ControllerConfig): Runnable | undefined;
}
