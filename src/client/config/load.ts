import { parseYaml } from "../../apimachinery/index.ts";
import type { Disk } from "../../base/index.ts";
import { type Kubeconfig, mergeKubeconfigs } from "./kubeconfig.ts";

/** Reads and joins kubeconfig files. Paths inside a file are made absolute from the file's own directory. */
export async function loadKubeconfig(disk: Disk, paths: readonly string[]): Promise<Kubeconfig> {
  const configs: Kubeconfig[] = [];
  for (const path of paths) {
    if (paths.length > 1 && (await disk.status(path)) === undefined) continue;
    configs.push(absolutePaths(parseKubeconfig(await disk.readText(path), path), directoryOf(path)));
  }
  return mergeKubeconfigs(configs);
}

export function parseKubeconfig(text: string, path = "kubeconfig"): Kubeconfig {
  const value: unknown = text.trim() === "" ? {} : parseYaml(text).value;
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new Error(`error loading config file "${path}": not a map`);
  }
  return value as Kubeconfig;
}

function directoryOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf("/"), 0));
}

function absolutePaths(config: Kubeconfig, directory: string): Kubeconfig {
  const absolute = <T extends object>(object: T, names: readonly (keyof T)[]): T => {
    const result = { ...object };
    for (const name of names) {
      const value = object[name];
      if (typeof value === "string" && value !== "" && !value.startsWith("/"))
        result[name] = `${directory}/${value}` as T[keyof T];
    }
    return result;
  };
  return {
    ...config,
    clusters: (config.clusters ?? []).map((entry) => ({
      ...entry,
      cluster: absolute(entry.cluster, ["certificate-authority"]),
    })),
    users: (config.users ?? []).map((entry) => ({
      ...entry,
      user: absolute(entry.user ?? {}, ["client-certificate", "client-key", "tokenFile"]),
    })),
  };
}
