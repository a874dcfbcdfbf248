import type { APIService } from "../../api/index.ts";
import { compareVersions } from "../discovery/version-order.ts";
import type { GroupVersion } from "./api-services.ts";

interface Priority {
  /** Of the group among groups; higher comes first. */
  readonly group: number;
  /** Of the version among those of its group. */
  readonly version: number;
}

/** Upstream: `apiVersionPriorities`. */
const groups: Readonly<Record<string, number>> = {
  "": 18_000,
  apps: 17_800,
  "events.k8s.io": 17_750,
  "authentication.k8s.io": 17_700,
  "authorization.k8s.io": 17_600,
  autoscaling: 17_500,
  batch: 17_400,
  "certificates.k8s.io": 17_300,
  "networking.k8s.io": 17_200,
  policy: 17_100,
  "rbac.authorization.k8s.io": 17_000,
  "storage.k8s.io": 16_800,
  "storagemigration.k8s.io": 16_800,
  "apiextensions.k8s.io": 16_700,
  "admissionregistration.k8s.io": 16_700,
  "scheduling.k8s.io": 16_600,
  "coordination.k8s.io": 16_500,
  "node.k8s.io": 16_300,
  "discovery.k8s.io": 16_200,
  "flowcontrol.apiserver.k8s.io": 16_100,
  "resource.k8s.io": 16_200,
};
const versions: Readonly<Record<string, number>> = {
  "/v1": 1,
  "autoscaling/v2": 30,
  "flowcontrol.apiserver.k8s.io/v1": 21,
  "resource.k8s.io/v1": 21,
};
const custom: Priority = { group: 1_000, version: 100 };
const builtInGroup = 16_000;

/** Where a group version that this server serves by itself stands in discovery. */
export function priorityOf({ group, version }: GroupVersion, isCustom: boolean): Priority {
  if (isCustom) return custom;
  const byStage = version.includes("alpha") ? 9 : version.includes("beta") ? 12 : 15;
  return { group: groups[group] ?? builtInGroup, version: versions[`${group}/${version}`] ?? byStage };
}

/** Groups by the greatest of their priorities, then by name; in each the versions by theirs. Upstream: `SortedByGroupAndVersion`. */
export function byPriority(services: readonly APIService[]): APIService[] {
  const name = ({ metadata }: APIService) => metadata.name ?? "";
  const sorted = services.toSorted(
    (a, b) => b.spec.groupPriorityMinimum - a.spec.groupPriorityMinimum || (name(a) < name(b) ? -1 : 1),
  );
  const groups = Map.groupBy(sorted, ({ spec }) => spec.group ?? "");
  return [...groups.values()].flatMap((group) =>
    group.toSorted(
      (a, b) =>
        b.spec.versionPriority - a.spec.versionPriority || compareVersions(a.spec.version ?? "", b.spec.version ?? ""),
    ),
  );
}
