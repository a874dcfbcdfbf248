import { parseYaml } from "../../apimachinery/index.ts";
import { dirname, isAbsolute, join } from "node:path/posix";
import { messageOf } from "../../base/index.ts";
import { ConfigError, type ConfigField, type ConfigOf, decodeConfiguration, field } from "../../component/index.ts";
import {
  isLevel,
  isVersion,
  type LevelVersion,
  levelProblem,
  type Mode,
  type PodSecuritySettings,
  versionProblem,
} from "./pod-security/policy.ts";
import type { TolerationSeconds } from "./plugins/default-toleration-seconds.ts";
import type { EventLimit } from "./plugins/event-rate-limit.ts";

/** What plug-ins are told by `--admission-control-config-file`, and by flags of their own. */
export interface AdmissionSettings {
  readonly tolerationSeconds?: TolerationSeconds;
  readonly podSecurity?: PodSecuritySettings;
  readonly eventLimits?: readonly EventLimit[];
  readonly limitedResources?: readonly LimitedResource[];
}

/** What may only be taken under a quota that speaks of it. */
export interface LimitedResource {
  readonly group: string;
  readonly resource: string;
  /** Parts of the names that a quota has for it. */
  readonly matchContains: readonly string[];
}

const configuration = {
  apiVersions: ["apiserver.config.k8s.io/v1", "apiserver.k8s.io/v1alpha1"],
  kind: "AdmissionConfiguration",
  shape: {
    plugins: field.listOf(
      field.object({
        name: field.text(),
        path: field.text(),
        configuration: field.optional(field.raw()),
      }),
    ),
  },
};

const level = (): ConfigField<string> => field.text("privileged");
const version = (): ConfigField<string> => field.text("latest");
const podSecurity = {
  apiVersions: [
    "pod-security.admission.config.k8s.io/v1",
    "pod-security.admission.config.k8s.io/v1beta1",
    "pod-security.admission.config.k8s.io/v1alpha1",
  ],
  kind: "PodSecurityConfiguration",
  shape: {
    defaults: field.object({
      ...{ enforce: level(), audit: level(), warn: level() },
      ...{ "enforce-version": version(), "audit-version": version(), "warn-version": version() },
    }),
    exemptions: field.object({
      usernames: field.textList(),
      runtimeClasses: field.textList(),
      namespaces: field.textList(),
    }),
  },
};

const eventRateLimit = {
  apiVersions: ["eventratelimit.admission.k8s.io/v1alpha1"],
  kind: "Configuration",
  shape: {
    limits: field.listOf(
      field.object({ type: field.text(), qps: field.integer(), burst: field.integer(), cacheSize: field.integer() }),
    ),
  },
};

const resourceQuota = {
  apiVersions: ["apiserver.config.k8s.io/v1", "resourcequota.admission.k8s.io/v1beta1"],
  kind: "ResourceQuotaConfiguration",
  shape: {
    limitedResources: field.listOf(
      field.object({ apiGroup: field.text(), resource: field.text(), matchContains: field.textList() }),
    ),
  },
};

/**
 * Reads the file of `--admission-control-config-file`, and the files that it names, by paths relative to it. Rejects
 * with what the server refuses to start with.
 */
export async function readAdmissionSettings(
  path: string,
  readText: (path: string) => Promise<string>,
): Promise<AdmissionSettings> {
  const read = async (file: string) => parseYaml(await readText(file)).value;
  const { plugins } = decodeConfiguration(await read(path), configuration);
  const given = new Map<string, unknown>();
  for (const plugin of plugins) {
    if (given.has(plugin.name))
      throw new ConfigError(`plugin ${JSON.stringify(plugin.name)} is configured more than once`);
    const file = isAbsolute(plugin.path) ? plugin.path : join(dirname(path), plugin.path);
    given.set(plugin.name, plugin.path === "" ? plugin.configuration : await read(file));
  }
  const settings = {
    PodSecurity: (value: unknown) => ({ podSecurity: podSecurityOf(decodeConfiguration(value, podSecurity)) }),
    EventRateLimit: (value: unknown) => ({ eventLimits: limitsOf(decodeConfiguration(value, eventRateLimit)) }),
    ResourceQuota: (value: unknown) => ({
      limitedResources: limitedOf(decodeConfiguration(value, resourceQuota)),
    }),
  };
  return Object.assign(
    {},
    ...Object.entries(settings).map(([name, decode]) => settingsOf(name, given.get(name), decode)),
  );
}

function settingsOf(name: string, value: unknown, decode: (value: unknown) => AdmissionSettings): AdmissionSettings {
  if (value === undefined) return {};
  try {
    return decode(value);
  } catch (error) {
    throw new ConfigError(`couldn't init admission plugin ${JSON.stringify(name)}: ${messageOf(error)}`);
  }
}

function podSecurityOf({ defaults, exemptions }: ConfigOf<typeof podSecurity.shape>): PodSecuritySettings {
  const of = (mode: Mode): LevelVersion => {
    const [asked, as] = [defaults[mode], defaults[`${mode}-version`]];
    const bad = (name: string, value: string, problem: string) =>
      new ConfigError(`defaults.${name}: Invalid value: ${JSON.stringify(value)}: ${problem}`);
    if (!isLevel(asked)) throw bad(mode, asked, levelProblem);
    if (!isVersion(as)) throw bad(`${mode}-version`, as, versionProblem);
    return { level: asked, version: as };
  };
  return {
    defaults: { enforce: of("enforce"), audit: of("audit"), warn: of("warn") },
    exemptions: {
      usernames: new Set(exemptions.usernames),
      runtimeClasses: new Set(exemptions.runtimeClasses),
      namespaces: new Set(exemptions.namespaces),
    },
  };
}

const limitTypes = ["Server", "Namespace", "User", "SourceAndObject"] as const;
/** Keys that a limit remembers unless it says how many. */
const cacheSizeDefault = 4_096;

function limitsOf({ limits }: ConfigOf<typeof eventRateLimit.shape>): readonly EventLimit[] {
  if (limits.length === 0) throw new ConfigError("limits: Invalid value: []: must not be empty");
  return limits.map(({ type, qps, burst, cacheSize }, index) => {
    const known = limitTypes.find((one) => one === type);
    const path = `limits[${index}]`;
    if (known === undefined) {
      const supported = [...limitTypes]
        .toSorted()
        .map((one) => JSON.stringify(one))
        .join(", ");
      throw new ConfigError(`${path}.type: Unsupported value: ${JSON.stringify(type)}: supported values: ${supported}`);
    }
    for (const [name, value] of [
      ["burst", burst],
      ["qps", qps],
    ] as const)
      if (value <= 0) throw new ConfigError(`${path}.${name}: Invalid value: ${value}: must be positive`);
    if (cacheSize < 0) throw new ConfigError(`${path}.cacheSize: Invalid value: ${cacheSize}: must not be negative`);
    return { type: known, qps, burst, cacheSize: cacheSize === 0 ? cacheSizeDefault : cacheSize };
  });
}

function limitedOf({ limitedResources }: ConfigOf<typeof resourceQuota.shape>): readonly LimitedResource[] {
  return limitedResources.map(({ apiGroup, resource, matchContains }, index) => {
    if (resource === "") throw new ConfigError(`limitedResources[${index}].resource: Required value`);
    return { group: apiGroup, resource, matchContains };
  });
}
