import type { Clock } from "../../base/index.ts";
import { statuszPage, type ZPage, zPagePath } from "../../component/index.ts";

/** As upstream's kubelet calls itself. */
export const pagesComponent = "kubelet";

const served = [
  "/configz",
  "/containerLogs",
  "/exec",
  "/healthz",
  "/metrics",
  "/pods",
  "/runningpods",
  "/stats/summary",
];

/** `/statusz`, which names the other pages too. */
export function kubeletStatusz(clock: Clock, others: readonly ZPage[] = []): ZPage {
  return statuszPage({ component: pagesComponent, clock, paths: [...served, ...others.map(zPagePath)] });
}
