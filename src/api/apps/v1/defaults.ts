import type { DaemonSetUpdateStrategy, DeploymentStrategy, StatefulSetUpdateStrategy } from "./types.ts";

/** Defaults that depend on other fields, by type; they run after the plain ones of `facts.json`. */
export const defaults = {
  DeploymentStrategy: fillDeploymentStrategy,
  DaemonSetUpdateStrategy: fillDaemonSetStrategy,
  StatefulSetUpdateStrategy: fillStatefulSetStrategy,
} as const;

function fillDeploymentStrategy(strategy: DeploymentStrategy): void {
  if (strategy.type === "RollingUpdate") {
    strategy.rollingUpdate = { maxUnavailable: "25%", maxSurge: "25%", ...strategy.rollingUpdate };
  }
}

function fillDaemonSetStrategy(strategy: DaemonSetUpdateStrategy): void {
  if (strategy.type === "RollingUpdate") {
    strategy.rollingUpdate = { maxUnavailable: 1, maxSurge: 0, ...strategy.rollingUpdate };
  }
}

function fillStatefulSetStrategy(strategy: StatefulSetUpdateStrategy): void {
  if (!strategy.type) {
    strategy.type = "RollingUpdate";
    strategy.rollingUpdate ??= {};
  }
  if (strategy.type === "RollingUpdate" && strategy.rollingUpdate !== undefined) {
    strategy.rollingUpdate = { partition: 0, maxUnavailable: 1, ...strategy.rollingUpdate };
  }
}
