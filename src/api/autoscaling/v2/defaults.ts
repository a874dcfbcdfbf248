import type { HorizontalPodAutoscalerBehavior, HorizontalPodAutoscalerSpec, HPAScalingRules } from "./types.ts";

/** Defaults that depend on other fields, by type; they run after the plain ones of `facts.json`. */
export const defaults = {
  HorizontalPodAutoscalerSpec: fillSpec,
  HorizontalPodAutoscalerBehavior: fillBehavior,
} as const;

const cpuUtilizationPercent = 80;
const periodSeconds = 15;

function fillSpec(spec: HorizontalPodAutoscalerSpec): void {
  if ((spec.metrics?.length ?? 0) > 0) return;
  const target = { type: "Utilization", averageUtilization: cpuUtilizationPercent };
  spec.metrics = [{ type: "Resource", resource: { name: "cpu", target } }];
}

/** Up: at most double, or four pods more, in a period, at once. Down: as far as needed; when is the controller's to say. */
function fillBehavior(behavior: HorizontalPodAutoscalerBehavior): void {
  const all = { type: "Percent", value: 100, periodSeconds };
  const up: HPAScalingRules = {
    stabilizationWindowSeconds: 0,
    selectPolicy: "Max",
    policies: [{ type: "Pods", value: 4, periodSeconds }, all],
  };
  const down: HPAScalingRules = { selectPolicy: "Max", policies: [{ ...all }] };
  behavior.scaleUp = { ...up, ...behavior.scaleUp };
  behavior.scaleDown = { ...down, ...behavior.scaleDown };
}
