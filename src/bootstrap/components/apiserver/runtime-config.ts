import type { ApiServer } from "../../../apiserver/index.ts";
import { FlagError } from "../../../component/index.ts";

/** `--runtime-config`: takes away what is switched off, the more exact key before the more general one. */
export function applyRuntimeConfig({ catalog }: ApiServer, config: Readonly<Record<string, string>>): void {
  if (Object.keys(config).length === 0) return;
  for (const [key, value] of Object.entries(config)) {
    if (!/^(?:true|false|)$/.test(value)) throw new FlagError(`runtime-config invalid key-value pair: ${key}=${value}`);
    const [group = "", version = ""] = key.split("/");
    const known = group === "api" ? ["all", "ga", "beta", "alpha", "legacy", "v1"] : [];
    if (!known.includes(version) && !catalog.table.has(group === "api" ? "" : group, version)) {
      throw new FlagError(`unknown api groups ${group}`);
    }
  }
  for (const { descriptor } of [...catalog.table.all()]) {
    const { group, version, facts } = descriptor;
    const stage = /alpha|beta/.exec(version)?.[0] ?? "ga";
    const name = `${group === "" ? "api" : group}/${version}`;
    const setting = [`${name}/${facts.name}`, name, `api/${stage}`, "api/all"].map((key) => config[key]).find(isGiven);
    if (setting === "false") catalog.table.remove(group, version, facts.name);
  }
}

function isGiven(value: string | undefined): value is string {
  return value !== undefined;
}
