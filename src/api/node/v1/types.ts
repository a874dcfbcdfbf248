// Generated from facts.json by ./k8ts tool facts. Edit the facts and run it again.
import type { ListMeta, ObjectMeta } from "../../../apimachinery/index.ts";
import type { Toleration } from "../../core/v1/types.ts";

export interface Overhead {
  podFixed?: Record<string, string>;
}

export interface RuntimeClass {
  kind?: string;
  apiVersion?: string;
  metadata: ObjectMeta;
  handler: string;
  overhead?: Overhead;
  scheduling?: Scheduling;
}

export interface RuntimeClassList {
  kind?: string;
  apiVersion?: string;
  metadata: ListMeta;
  items: RuntimeClass[];
}

export interface Scheduling {
  nodeSelector?: Record<string, string>;
  tolerations?: Toleration[];
}
