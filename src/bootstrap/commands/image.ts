import { isAbsolute, join } from "node:path";
import { type Command, type CommandContext, messageOf } from "../../base/index.ts";
import {
  builtInImages,
  buildImage,
  type ContainerRuntime,
  type ImageDefinition,
  importImage,
  parseImageDefinition,
} from "../../cri/index.ts";
import type { ClusterConfig, NodeConfig } from "../cluster/config.ts";
import { clusterPaths } from "../cluster/paths.ts";
import { machineArchitecture, nodeContainerd } from "../compose/node-runtime.ts";
import { findCluster } from "./find.ts";
import { callerOf, clusterName, parse, text } from "./options.ts";

/** `image import FILE…`, `image list`, `image build FILE.json|NAME [--output FILE]`. */
export const image: Command = async (args, context) => {
  const [verb, ...rest] = args;
  switch (verb) {
    case "import":
      return importFiles(rest, context);
    case "list":
      return list(rest, context);
    case "build":
      return build(rest, context);
    default:
      throw new Error("image takes import FILE…, list, or build DEFINITION [--output FILE]");
  }
};

async function importFiles(args: readonly string[], context: CommandContext): Promise<number> {
  const { values, positionals } = parse(args, { name: { type: "string" } }, true);
  if (positionals.length === 0) throw new Error("image import takes one or more archives (docker save or OCI)");
  await onEachNode(text(values["name"]), context, async (runtime, config, node) => {
    for (const file of positionals) {
      const names = await importImage(
        await storeOf(context, config, node, runtime),
        absolute(context, file),
        context.signal,
      );
      for (const name of names) context.stdout.write(`${node.name}: ${name}\n`);
    }
  });
  return 0;
}

async function list(args: readonly string[], context: CommandContext): Promise<number> {
  const { values } = parse(args, { name: { type: "string" } });
  context.stdout.write(`${"NODE".padEnd(24)}${"SIZE".padEnd(12)}IMAGE\n`);
  await onEachNode(text(values["name"]), context, async (runtime, _config, node) => {
    for (const { repoTags = [], size } of (await runtime.images.listImages()).images ?? []) {
      const megabytes = `${(Number(size ?? 0) / 1e6).toFixed(1)} MB`;
      for (const tag of repoTags) context.stdout.write(`${node.name.padEnd(24)}${megabytes.padEnd(12)}${tag}\n`);
    }
  });
  return 0;
}

/** Builds from a definition file or one of the built-in names, and imports the result unless `--output` is given. */
async function build(args: readonly string[], context: CommandContext): Promise<number> {
  const { platform } = context;
  const { values, positionals } = parse(args, { name: { type: "string" }, output: { type: "string" } }, true);
  const [source] = positionals;
  const builtIn = builtInImages(machineArchitecture());
  if (source === undefined)
    throw new Error(`image build takes a definition file or one of ${Object.keys(builtIn).join(", ")}`);
  const definition = builtIn[source] ?? (await readDefinition(context, source));
  const output = text(values["output"]);
  const config = output === undefined ? await cluster(text(values["name"]), context) : undefined;
  const cacheDirectory =
    config === undefined ? join(callerOf(context).dataHome, "images") : clusterPaths(config.directory).imageCache;
  await platform.disk.makeDirectory(cacheDirectory);
  const outputFile =
    output === undefined ? join(cacheDirectory, `import-${process.pid}.tar`) : absolute(context, output);
  await buildImage(definition, {
    disk: platform.disk,
    processes: platform.processes,
    architecture: machineArchitecture(),
    cacheDirectory,
    outputFile,
  });
  if (config === undefined) {
    context.stdout.write(`${outputFile}\n`);
    return 0;
  }
  try {
    return await importFiles([outputFile, "--name", config.name], context);
  } finally {
    await platform.disk.remove(outputFile);
  }
}

async function readDefinition(context: CommandContext, source: string): Promise<ImageDefinition> {
  const path = absolute(context, source);
  const text = await context.platform.disk.readText(path);
  try {
    return parseImageDefinition(JSON.parse(text));
  } catch (error) {
    throw new Error(`${path} is not an image definition: ${messageOf(error)}`, { cause: error });
  }
}

const cluster = (name: string | undefined, context: CommandContext): Promise<ClusterConfig> =>
  findCluster(context.platform, callerOf(context), clusterName(name));

async function onEachNode(
  name: string | undefined,
  context: CommandContext,
  work: (runtime: ContainerRuntime, config: ClusterConfig, node: NodeConfig) => Promise<void>,
): Promise<void> {
  const config = await cluster(name, context);
  if (config.nodes.length === 0) throw new Error(`cluster ${config.name} has no nodes`);
  for (const node of config.nodes) {
    const containerd = nodeContainerd(context.platform, config, node);
    if ((await containerd.running()) === undefined)
      throw new Error(`cluster ${config.name} is not up; ./k8ts up starts it`);
    const runtime = await containerd.connect();
    try {
      await work(runtime, config, node);
    } finally {
      runtime.close();
    }
  }
}

async function storeOf(context: CommandContext, config: ClusterConfig, node: NodeConfig, runtime: ContainerRuntime) {
  const containerd = nodeContainerd(context.platform, config, node);
  const { snapshotter } = await containerd.facts();
  const { clock, processes } = context.platform;
  return { clock, processes, images: runtime.images, socket: containerd.paths.socket, snapshotter };
}

function absolute(context: CommandContext, path: string): string {
  return isAbsolute(path) ? path : join(context.workingDirectory, path);
}
