import type { APIService } from "../../api/index.ts";

export const apiServicesResource = { group: "apiregistration.k8s.io", version: "v1", resource: "apiservices" };

export type Condition = NonNullable<NonNullable<APIService["status"]>["conditions"]>[number];

export interface GroupVersion {
  readonly group: string;
  readonly version: string;
}

/** `v1.` and `v1.apps`: how upstream names them. */
export function apiServiceName({ group, version }: GroupVersion): string {
  return `${version}.${group}`;
}

export function pathOf({ group, version }: GroupVersion): string {
  return group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
}

/** Served by this very server. */
export function isLocal({ spec }: APIService): boolean {
  return spec.service === undefined;
}

export function groupVersionOf({ spec }: APIService): GroupVersion {
  return { group: spec.group ?? "", version: spec.version ?? "" };
}

export function availability({ status }: APIService): Condition | undefined {
  return status?.conditions?.find(({ type }) => type === "Available");
}
