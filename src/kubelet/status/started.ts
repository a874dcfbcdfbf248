import type { ContainerStatus } from "../types.ts";

/** Whether any of the containers runs or ran. */
export function anyStarted(statuses: readonly ContainerStatus[]): boolean {
  return statuses.some((status) => status.state?.running || status.state?.terminated || status.lastState?.terminated);
}
