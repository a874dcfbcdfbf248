import type { FieldError } from "../../../apimachinery/index.ts";
import type { Level } from "./checks.ts";

/** A level of the standards as of some version. */
export interface LevelVersion {
  readonly level: Level;
  /** `latest` or `v1.x`. */
  readonly version: string;
}

export const modes = ["enforce", "audit", "warn"] as const;
export type Mode = (typeof modes)[number];
export type Policy = Readonly<Record<Mode, LevelVersion>>;
export type Labels = Readonly<Record<string, string>>;

/** `PodSecurityConfiguration`. */
export interface PodSecuritySettings {
  /** Where a namespace has no labels. */
  readonly defaults: Policy;
  readonly exemptions: {
    readonly usernames: ReadonlySet<string>;
    readonly runtimeClasses: ReadonlySet<string>;
    readonly namespaces: ReadonlySet<string>;
  };
}

const nothing: LevelVersion = { level: "privileged", version: "latest" };
const none: ReadonlySet<string> = new Set();

export const defaultSettings: PodSecuritySettings = {
  defaults: { enforce: nothing, audit: nothing, warn: nothing },
  exemptions: { usernames: none, runtimeClasses: none, namespaces: none },
};

export const prefix = "pod-security.kubernetes.io/";
const levels: readonly string[] = ["privileged", "baseline", "restricted"];

export function isLevel(text: string): text is Level {
  return levels.includes(text);
}

export function isVersion(text: string): boolean {
  return text === "latest" || /^v1\.(0|[1-9]\d*)$/.test(text);
}

export const levelProblem = `must be one of ${levels.join(", ")}`;
export const versionProblem = 'must be "latest" or "v1.x"';

/**
 * What the labels of a namespace ask for. What cannot be understood is the strictest to enforce, and nothing to warn or
 * to note. Upstream: `PolicyToEvaluate`.
 */
export function policyIn(
  labels: Labels,
  defaults: Policy,
): { readonly policy: Policy; readonly problems: readonly FieldError[] } {
  const problems: FieldError[] = [];
  const say = (key: string, value: string, detail: string) =>
    problems.push({ type: "FieldValueInvalid", field: `metadata.labels[${key}]`, badValue: value, detail });
  const of = (mode: Mode): LevelVersion => {
    const [levelKey, versionKey] = [prefix + mode, `${prefix}${mode}-version`];
    const level = labels[levelKey];
    const version = labels[versionKey];
    if (level !== undefined && !isLevel(level)) say(levelKey, level, levelProblem);
    if (version !== undefined && !isVersion(version)) say(versionKey, version, versionProblem);
    const strictest = mode === "enforce" ? "restricted" : "privileged";
    return {
      level: level === undefined ? defaults[mode].level : isLevel(level) ? level : strictest,
      version: version === undefined ? defaults[mode].version : isVersion(version) ? version : "latest",
    };
  };
  return { policy: { enforce: of("enforce"), audit: of("audit"), warn: of("warn") }, problems };
}

export function minorOf({ version }: LevelVersion): number {
  return version === "latest" ? Number.POSITIVE_INFINITY : Number(version.slice("v1.".length));
}

export function textOf({ level, version }: LevelVersion): string {
  return `${level}:${version}`;
}
