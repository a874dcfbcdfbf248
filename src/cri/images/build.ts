import { dirname } from "node:path";
import { type Disk, type Processes, runChecked } from "../../base/index.ts";
import { resolvePackages, unpackPackages } from "./debian-packages.ts";
import type { FileContent, ImageDefinition } from "./definition.ts";
import { type BuiltImage, writeOciArchive } from "./oci-archive.ts";
import type { Architecture } from "./pause.ts";

export interface BuildOptions {
  readonly disk: Disk;
  readonly processes: Processes;
  readonly architecture: Architecture;
  /** Kept between builds: downloaded packages. Also holds the scratch space of a running build. */
  readonly cacheDirectory: string;
  readonly outputFile: string;
}

/**
 * Builds an OCI archive from a recipe. The same recipe and packages give the same bytes. Rejects with an `Error` that
 * says which package or file is missing.
 */
export async function buildImage(definition: ImageDefinition, options: BuildOptions): Promise<BuiltImage> {
  const { disk, cacheDirectory } = options;
  const workDirectory = `${cacheDirectory}/build-${definition.name.replaceAll(/[^a-zA-Z0-9.]+/g, "-")}`;
  const rootDirectory = `${workDirectory}/root`;
  await disk.remove(workDirectory);
  try {
    await disk.makeDirectory(rootDirectory);
    await assemble(definition, options, rootDirectory);
    return await writeOciArchive(options, {
      reference: definition.name,
      architecture: options.architecture,
      config: definition.config ?? {},
      rootDirectory,
      workDirectory,
      outputFile: options.outputFile,
    });
  } finally {
    await disk.remove(workDirectory);
  }
}

/** Order matters: links that packages are unpacked through come first, and files replace those of packages. */
async function assemble(definition: ImageDefinition, options: BuildOptions, root: string): Promise<void> {
  const { disk, processes } = options;
  for (const [path, { mode }] of Object.entries(definition.directories ?? {})) {
    await disk.makeDirectory(inside(root, path));
    if (mode !== undefined) await disk.changeMode(inside(root, path), mode);
  }
  for (const [path, target] of Object.entries(definition.links ?? {})) {
    await disk.makeDirectory(dirname(inside(root, path)));
    await disk.symlink(target, inside(root, path));
  }
  if (definition.packages !== undefined) {
    const source = { disk, processes, cacheDirectory: `${options.cacheDirectory}/packages` };
    const packages = await resolvePackages(source, definition.packages, definition.without ?? []);
    await unpackPackages(source, packages, root);
  }
  for (const [path, content] of Object.entries(definition.files ?? {})) {
    await writeFile(disk, inside(root, path), content);
  }
  if (definition.applets !== undefined) await linkApplets(options, root, definition.applets);
}

function inside(root: string, path: string): string {
  if (!path.startsWith("/") || path.split("/").includes("..")) throw new Error(`${path}: not an absolute path`);
  return root + path;
}

async function writeFile(disk: Disk, path: string, content: FileContent): Promise<void> {
  await disk.makeDirectory(dirname(path));
  const data = "text" in content ? content.text : "bytes" in content ? content.bytes : await disk.read(content.copyOf);
  await disk.write(path, data, { mode: content.mode ?? 0o644, atomic: false });
}

async function linkApplets(options: BuildOptions, root: string, program: string): Promise<void> {
  const file = inside(root, program);
  const names = (await runChecked(options.processes, file, ["--list"])).split("\n").filter((name) => name !== "");
  const present = new Set(await options.disk.list(dirname(file)));
  const target = program.slice(program.lastIndexOf("/") + 1);
  for (const name of names) {
    if (!present.has(name)) await options.disk.symlink(target, `${dirname(file)}/${name}`);
  }
}
