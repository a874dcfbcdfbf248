import type { Disk } from "../../base/index.ts";

const linksMax = 40;

/**
 * Resolves a path inside a volume, following links only as long as they stay inside. Missing directories are made.
 * Rejects when the path would leave the volume: a container must not reach the node through a link it made itself.
 */
export async function resolveSubPath(disk: Disk, volume: string, subPath: string): Promise<string> {
  const pending = subPath.split("/").filter((part) => part !== "" && part !== ".");
  if (pending.includes("..") || subPath.startsWith("/"))
    throw new Error(`subPath "${subPath}" must stay within the volume`);
  let resolved: string[] = [];
  let links = 0;
  while (pending.length > 0) {
    const part = pending.shift() as string;
    if (part === "..") {
      if (resolved.length === 0) throw new Error(`subPath "${subPath}" not within volume path "${volume}"`);
      resolved = resolved.slice(0, -1);
      continue;
    }
    const path = [volume, ...resolved, part].join("/");
    const status = await disk.status(path);
    if (status?.kind !== "symlink") {
      if (status === undefined) await disk.makeDirectory(path, { mode: 0o750 });
      resolved.push(part);
      continue;
    }
    if (++links > linksMax) throw new Error(`subPath "${subPath}": too many links`);
    const target = await disk.readLink(path);
    if (target.startsWith("/")) throw new Error(`subPath "${subPath}" not within volume path "${volume}"`);
    pending.unshift(...target.split("/").filter((one) => one !== "" && one !== "."));
  }
  return [volume, ...resolved].join("/");
}
