// Generated from facts.json by ./k8ts tool facts. Edit the facts and run it again.
import type { ListMeta, ObjectMeta } from "../../../apimachinery/index.ts";

export interface Lease {
  kind?: string;
  apiVersion?: string;
  metadata: ObjectMeta;
  spec: LeaseSpec;
}

export interface LeaseList {
  kind?: string;
  apiVersion?: string;
  metadata: ListMeta;
  items: Lease[];
}

export interface LeaseSpec {
  holderIdentity?: string;
  leaseDurationSeconds?: number;
  acquireTime?: string;
  renewTime?: string;
  leaseTransitions?: number;
  strategy?: string;
  preferredHolder?: string;
}
