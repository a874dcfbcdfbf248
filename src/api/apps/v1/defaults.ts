import type {
  DaemonSet,
  DaemonSetUpdateStrategy,
  DeploymentStrategy,
  StatefulSetSpec,
  StatefulSetUpdateStrategy,
} from "./types.ts";

/** Defaults that depend on other fields, by type; they run after the plain ones of `facts.json`. */
export const defaults = {
  DeploymentStrategy: fillDeploymentStrategy,
  DaemonSet: fillDaemonSet,
  DaemonSetUpdateStrategy: fillDaemonSetStrategy,
  StatefulSetSpec: fillStatefulSet,
  StatefulSetUpdateStrategy: fillStatefulSetStrategy,
} as const;

function fillDeploymentStrategy(strategy: DeploymentStrategy): void {
  if (strategy.type === "RollingUpdate") {
    strategy.rollingUpdate = { maxUnavailable: "25%", maxSurge: "25%", ...strategy.rollingUpdate };
  }
}

const templateGeneration = "deprecated.daemonset.template.generation";

/** Upstream's conversion keeps the number of the template, which left the spec, in an annotation. */
function fillDaemonSet({ metadata }: DaemonSet): void {
  if (metadata.annotations?.[templateGeneration] !== undefined) return;
  metadata.annotations = { ...metadata.annotations, [templateGeneration]: "0" };
}

function fillDaemonSetStrategy(strategy: DaemonSetUpdateStrategy): void {
  if (strategy.type === "RollingUpdate") {
    strategy.rollingUpdate = { maxUnavailable: 1, maxSurge: 0, ...strategy.rollingUpdate };
  }
}

/** Upstream's conversion names the kind of every template. */
function fillStatefulSet(spec: StatefulSetSpec): void {
  for (const template of spec.volumeClaimTemplates ?? []) {
    template.apiVersion = "v1";
    template.kind = "PersistentVolumeClaim";
  }
}

function fillStatefulSetStrategy(strategy: StatefulSetUpdateStrategy): void {
  if (!strategy.type) {
    strategy.type = "RollingUpdate";
    strategy.rollingUpdate ??= {};
  }
  if (strategy.type === "RollingUpdate" && strategy.rollingUpdate !== undefined) {
    strategy.rollingUpdate = { partition: 0, ...strategy.rollingUpdate };
  }
}
