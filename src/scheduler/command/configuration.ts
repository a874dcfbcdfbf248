import { parseYaml } from "../../apimachinery/index.ts";
import type { Disk } from "../../base/index.ts";
import { ConfigError } from "../../component/index.ts";

/** `KubeSchedulerConfiguration` (kubescheduler.config.k8s.io/v1), as far as it is followed. */
export interface SchedulerConfiguration {
  readonly schedulerName: string;
  readonly percentageOfNodesToScore: number;
  readonly kubeconfig: string;
  readonly leaderElect: boolean | undefined;
}

const apiVersion = "kubescheduler.config.k8s.io/v1";
const kind = "KubeSchedulerConfiguration";

/** Throws a `ConfigError` for another kind, or for what this scheduler does not do. */
export async function readSchedulerConfiguration(disk: Disk, path: string): Promise<SchedulerConfiguration> {
  const value = parseYaml(await disk.readText(path)).value;
  const file = record(value, path);
  if (file["apiVersion"] !== apiVersion || file["kind"] !== kind) {
    throw new ConfigError(
      `${path}: expected ${apiVersion}, Kind=${kind}, got ${String(file["apiVersion"])}, Kind=${String(file["kind"])}`,
    );
  }
  const profiles = Array.isArray(file["profiles"])
    ? file["profiles"].map((profile) => record(profile, "profiles"))
    : [];
  if (profiles.length > 1) throw new ConfigError("profiles: more than one profile is not supported yet");
  for (const name of ["plugins", "pluginConfig"]) {
    if (profiles[0]?.[name] !== undefined)
      throw new ConfigError(`profiles[0].${name}: is not supported yet; the default plug-ins are used`);
  }
  if (file["extenders"] !== undefined) throw new ConfigError("extenders: are not supported yet");
  const connection = record(file["clientConnection"] ?? {}, "clientConnection");
  const election = record(file["leaderElection"] ?? {}, "leaderElection");
  const percentage = file["percentageOfNodesToScore"];
  return {
    schedulerName:
      typeof profiles[0]?.["schedulerName"] === "string" ? profiles[0]["schedulerName"] : "default-scheduler",
    percentageOfNodesToScore: typeof percentage === "number" ? percentage : 0,
    kubeconfig: typeof connection["kubeconfig"] === "string" ? connection["kubeconfig"] : "",
    leaderElect: typeof election["leaderElect"] === "boolean" ? election["leaderElect"] : undefined,
  };
}

function record(value: unknown, name: string): Readonly<Record<string, unknown>> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new ConfigError(`${name}: must be an object`);
}
