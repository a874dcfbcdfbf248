import type { Command } from "../../base/index.ts";
import { clusterPaths } from "../cluster/paths.ts";
import { logPath } from "../supervisor/component.ts";
import { componentNames, supervisorName } from "../supervisor/supervisor.ts";
import { findCluster } from "./find.ts";
import { callerOf, clusterName, parse, text } from "./options.ts";

const chunkBytes = 256 * 1024;
const pollMs = 200;

/** `logs [COMPONENT] [--follow]`: prints what a component wrote; all of them when none is named. */
export const logs: Command = async (args, context) => {
  const { platform, signal, stdout } = context;
  const { values, positionals } = parse(
    args,
    { name: { type: "string" }, follow: { type: "boolean", short: "f" } },
    true,
  );
  const config = await findCluster(platform, callerOf(context), clusterName(text(values["name"])));
  const folders = clusterPaths(config.directory);
  const known = [supervisorName, ...componentNames(config)];
  const wanted = positionals.length === 0 ? known : positionals;
  const offsets = new Map<string, number>();
  for (const name of wanted) {
    if (!known.includes(name))
      throw new Error(`no component is named ${JSON.stringify(name)}; there are: ${known.join(", ")}`);
    offsets.set(name, 0);
  }
  do {
    for (const [name, offset] of offsets) offsets.set(name, await copy(name, offset));
    if (values["follow"] === true) await platform.clock.sleep(pollMs, signal).catch(() => undefined);
  } while (values["follow"] === true && !signal.aborted);
  return 0;

  async function copy(name: string, from: number): Promise<number> {
    const file = logPath(folders, name);
    const size = (await platform.disk.status(file))?.size ?? 0;
    let offset = size < from ? 0 : from;
    while (offset < size) {
      const bytes = await platform.disk.readRange(file, offset, chunkBytes);
      if (bytes.length === 0) break;
      stdout.write(bytes);
      offset += bytes.length;
    }
    return offset;
  }
};
