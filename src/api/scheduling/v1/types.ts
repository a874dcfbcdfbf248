// Generated from facts.json by ./k8ts tool facts. Edit the facts and run it again.
import type { ListMeta, ObjectMeta } from "../../../apimachinery/index.ts";

export interface PriorityClass {
  kind?: string;
  apiVersion?: string;
  metadata: ObjectMeta;
  value?: number;
  globalDefault?: boolean;
  description?: string;
  preemptionPolicy?: "Never" | "PreemptLowerPriority";
}

export interface PriorityClassList {
  kind?: string;
  apiVersion?: string;
  metadata: ListMeta;
  items: PriorityClass[];
}
