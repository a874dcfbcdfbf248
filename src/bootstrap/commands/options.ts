import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import { parseArgs } from "node:util";
import type { CommandContext } from "../../base/index.ts";
import type { Datastore } from "../cluster/config.ts";
import { dataHome } from "../cluster/paths.ts";

const namePattern = /^[a-z0-9]([-a-z0-9]{0,30}[a-z0-9])?$/;

export interface UpOptions {
  readonly name: string;
  readonly nodes: number;
  readonly directory: string | undefined;
  readonly port: number | undefined;
  readonly datastore: Datastore | undefined;
  readonly foreground: boolean;
}

/** Who runs the command and where that puts things. */
export interface Caller {
  readonly isRoot: boolean;
  readonly home: string;
  readonly dataHome: string;
}

export function callerOf(context: CommandContext): Caller {
  const isRoot = process.getuid?.() === 0;
  const home = context.env["HOME"] ?? homedir();
  return { isRoot, home, dataHome: dataHome(isRoot, home) };
}

/** Throws one sentence that names the flag and what it takes. */
export function parseUp(args: readonly string[], context: CommandContext): UpOptions {
  const { values } = parse(args, {
    name: { type: "string" },
    nodes: { type: "string" },
    "control-planes": { type: "string" },
    "data-dir": { type: "string" },
    port: { type: "string" },
    datastore: { type: "string" },
    foreground: { type: "boolean" },
  });
  const planes = wholeNumber("control-planes", text(values["control-planes"]) ?? "1", 1, 9);
  if (planes > 1) throw new Error("--control-planes above 1 is not available yet; leave it out for one control plane");
  const directory = text(values["data-dir"]);
  return {
    name: clusterName(text(values["name"])),
    nodes: wholeNumber("nodes", text(values["nodes"]) ?? "1", 0, 100),
    directory: directory === undefined || isAbsolute(directory) ? directory : join(context.workingDirectory, directory),
    port: values["port"] === undefined ? undefined : wholeNumber("port", text(values["port"]) ?? "", 1, 65535),
    datastore: parseDatastore(text(values["datastore"])),
    foreground: values["foreground"] === true,
  };
}

export function clusterName(value: string | undefined): string {
  const name = value ?? "default";
  if (!namePattern.test(name)) {
    throw new Error(
      `--name must be lower-case letters, digits and '-', at most 32 of them, not ${JSON.stringify(name)}`,
    );
  }
  return name;
}

type FlagTypes = Readonly<Record<string, { readonly type: "string" | "boolean"; readonly short?: string }>>;

/** `util.parseArgs` with its complaints turned into one sentence. */
export function parse(args: readonly string[], options: FlagTypes, allowPositionals = false) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals, strict: true });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const known = Object.keys(options)
      .map((flag) => `--${flag}`)
      .join(", ");
    throw new Error(`${message.split(". ")[0]}; the flags are ${known}`, { cause: error });
  }
}

export function text(value: string | boolean | (string | boolean)[] | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function wholeNumber(flag: string, value: string, min: number, max: number): number {
  const number = Number(value);
  if (!/^\d+$/.test(value) || number < min || number > max) {
    throw new Error(`--${flag} takes a whole number from ${min} to ${max}, not ${JSON.stringify(value)}`);
  }
  return number;
}

function parseDatastore(value: string | undefined): Datastore | undefined {
  if (value === undefined) return undefined;
  if (value === "sqlite" || value === "memory") return { type: value };
  if (value.startsWith("etcd="))
    return {
      type: "etcd",
      endpoints: value
        .slice(5)
        .split(",")
        .filter((url) => url !== ""),
    };
  throw new Error(`--datastore takes sqlite, memory or etcd=URL[,URL…], not ${JSON.stringify(value)}`);
}
