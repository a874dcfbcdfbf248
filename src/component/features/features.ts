import type { MetricsRegistry } from "../metrics/index.ts";
import { type FeatureGate, featureGates } from "./table.ts";

/** A gate that is unknown or may not be set. The message is upstream's. */
export class FeatureGateError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "FeatureGateError";
  }
}

/** Gates and what they are set to; `AllAlpha` and `AllBeta` among them. */
export type FeatureSettings = Readonly<Record<string, boolean>>;

const groups = [
  ["AllAlpha", "ALPHA"],
  ["AllBeta", "BETA"],
] as const;

/** Which features are on: the defaults, then `AllAlpha` and `AllBeta`, then single gates. */
export class Features {
  readonly #enabled = new Map<string, boolean>();
  readonly #settings: FeatureSettings;

  /**
   * Throws a `FeatureGateError` for a gate that is unknown, locked to the other value, or fixed at its default because
   * k8ts has no other behaviour.
   */
  constructor(settings: FeatureSettings = {}) {
    this.#settings = settings;
    for (const [name, gate] of featureGates) this.#enabled.set(name, groupSetting(gate, settings) ?? gate.enabled);
    for (const [name, value] of Object.entries(settings)) {
      if (groups.some(([group]) => group === name)) continue;
      const gate = featureGates.get(name);
      if (gate === undefined) throw new FeatureGateError(`unrecognized feature gate: ${name}`);
      if (gate.enabled !== value && (gate.locked || !gate.settable)) throw new FeatureGateError(refusal(name, gate));
      this.#enabled.set(name, value);
    }
  }

  /** Of `--feature-gates`, as upstream's control plane reads it: `Gate=true` or `kube:Gate=true` each. */
  static parse(pairs: readonly string[]): Features {
    return new Features(featureSettings(pairs));
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
    for (const [name, stage] of groups) family.with(name, stage).set(this.#settings[name] === true ? 1 : 0);
    for (const [name, { stage }] of featureGates) family.with(name, stage).set(this.enabled(name) ? 1 : 0);
  }
}

/** Throws a `FeatureGateError` for what is no pair, or for another component than `kube`. Messages are upstream's. */
export function featureSettings(pairs: readonly string[]): FeatureSettings {
  const settings: Record<string, boolean> = {};
  for (const pair of pairs.map((text) => text.trim()).filter((text) => text !== "")) {
    const [, component = "kube", rest = pair] = /^([^:=]*):(.*)$/.exec(pair) ?? [];
    if (component !== "kube") throw new FeatureGateError(`component not registered: ${component}`);
    const at = rest.indexOf("=");
    if (at < 0) throw new FeatureGateError(`missing bool value for ${rest}`);
    const [name, value] = [rest.slice(0, at).trim(), rest.slice(at + 1).trim()];
    const on = /^(1|t|T|TRUE|true|True)$/.test(value);
    if (!on && !/^(0|f|F|FALSE|false|False)$/.test(value)) {
      const reason = `strconv.ParseBool: parsing ${JSON.stringify(value)}: invalid syntax`;
      throw new FeatureGateError(`invalid value of ${name}=${value}, err: ${reason}`);
    }
    settings[name] = on;
  }
  return settings;
}

/** The usage of `--feature-gates`, one line per gate that can be set here. */
export function featureGateUsage(): string {
  const lines = [
    "A set of key=value pairs that describe feature gates. All others of v1.36 are fixed at their defaults. Options are:",
    ...groups.map(([name, stage]) => `${name}=true|false (${stage} - default=false)`),
  ];
  for (const [name, { stage, enabled, settable }] of featureGates) {
    if (settable) lines.push(`${name}=true|false (${stage} - default=${enabled})`);
  }
  return lines.join("\n");
}

function refusal(name: string, { enabled, locked }: FeatureGate): string {
  const message = `cannot set feature gate ${name} to ${!enabled}, feature is locked to ${enabled}`;
  return locked ? message : `${message} in k8ts`;
}

function groupSetting(gate: FeatureGate, settings: FeatureSettings): boolean | undefined {
  if (!gate.settable) return undefined;
  const group = groups.find(([, stage]) => stage === gate.stage);
  return group === undefined ? undefined : settings[group[0]];
}
