import type { MetricsRegistry } from "../metrics/index.ts";
import { type FeatureGate, featureGates } from "./table.ts";

/** A gate that is unknown or may not be set. The message is upstream's. */
export class FeatureGateError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "FeatureGateError";
  }
}

/** Which features are on: the defaults, then `AllAlpha` and `AllBeta`, then single gates. */
export class Features {
  readonly #enabled = new Map<string, boolean>();

  /** Throws a `FeatureGateError` for a gate that is unknown, or locked to the other value. */
  constructor(settings: Readonly<Record<string, boolean>> = {}) {
    for (const [name, gate] of featureGates) this.#enabled.set(name, groupSetting(gate, settings) ?? gate.enabled);
    for (const [name, value] of Object.entries(settings)) {
      if (name === "AllAlpha" || name === "AllBeta") continue;
      const gate = featureGates.get(name);
      if (gate === undefined) throw new FeatureGateError(`unrecognized feature gate: ${name}`);
      if (gate.locked && gate.enabled !== value) {
        throw new FeatureGateError(`cannot set feature gate ${name} to ${value}, feature is locked to ${gate.enabled}`);
      }
      this.#enabled.set(name, value);
    }
  }

  enabled(name: string): boolean {
    const value = this.#enabled.get(name);
    if (value === undefined)
      throw new FeatureGateError(`feature ${JSON.stringify(name)} is not registered in FeatureGates`);
    return value;
  }

  /** Adds `kubernetes_feature_enabled`. */
  report(registry: MetricsRegistry): void {
    const family = registry.gauges({
      name: "kubernetes_feature_enabled",
      help: "This metric records the data about the stage and enablement of a k8s feature.",
      stability: "BETA",
      labels: ["name", "stage"],
    });
    for (const [name, { stage }] of featureGates) family.with(name, stage).set(this.enabled(name) ? 1 : 0);
  }
}

/** The usage of `--feature-gates`, one line per gate that can still be set. */
export function featureGateUsage(): string {
  const lines = ["A set of key=value pairs that describe feature gates for alpha/experimental features. Options are:"];
  for (const [name, { stage, enabled }] of featureGates) {
    if (stage !== "ALPHA" && stage !== "BETA") continue;
    lines.push(`${name}=true|false (${stage} - default=${enabled})`);
  }
  return lines.join("\n");
}

function groupSetting(gate: FeatureGate, settings: Readonly<Record<string, boolean>>): boolean | undefined {
  if (gate.locked) return undefined;
  if (gate.stage === "ALPHA") return settings.AllAlpha;
  return gate.stage === "BETA" ? settings.AllBeta : undefined;
}
