import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import { parseArgs } from "node:util";
import { messageOf, type CommandContext } from "../../base/index.ts";
import type { Datastore } from "../cluster/config.ts";
import { dataHome } from "../cluster/paths.ts";
import { splitServerFlags } from "../components/apiserver/up-flags.ts";
import { clusterFlags } from "./up-help.ts";

const clusterFlagTypes: FlagTypes = Object.fromEntries(
  Object.keys(clusterFlags).map((name) => [name, { type: name === "foreground" ? "boolean" : "string" }]),
);
const namePattern = /^[a-z0-9]([-a-z0-9]{0,30}[a-z0-9])?$/;

export interface UpOptions {
  readonly name: string;
  readonly nodes: number;
  readonly directory: string | undefined;
  readonly port: number | undefined;
  readonly datastore: Datastore | undefined;
  readonly foreground: boolean;
  /** Upstream's flags of the API server, as given; files by absolute paths. */
  readonly apiserverFlags: readonly string[];
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
  const { own, apiserver } = splitServerFlags(args, context.workingDirectory);
  const { values } = parse(own, clusterFlagTypes);
  const planes = wholeNumber("control-planes", text(values["control-planes"]) ?? "1", 1, 9);
  if (planes > 1) throw new Error("--control-planes above 1 is not available yet; leave it out for one control plane");
  const directory = text(values["data-dir"]);
  return {
    name: clusterName(text(values["name"])),
    nodes: wholeNumber("nodes", text(values["nodes"]) ?? "1", 0, 100),
    directory: directory === undefined || isAbsolute(directory) ? directory : join(context.workingDirectory, directory),
    port: values["port"] === undefined ? undefined : wholeNumber("port", text(values["port"]) ?? "", 1, 65535),
    datastore: parseDatastore(text(values["datastore"]), {
      ca: file(values["etcd-cafile"], context),
      certificate: file(values["etcd-certfile"], context),
      key: file(values["etcd-keyfile"], context),
    }),
    foreground: values["foreground"] === true,
    apiserverFlags: apiserver,
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
    const message = messageOf(error);
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

type TlsFiles = Readonly<Record<"ca" | "certificate" | "key", string | undefined>>;

/** `etcd` without addresses means one that the cluster runs itself. */
function parseDatastore(value: string | undefined, files: TlsFiles): Datastore | undefined {
  const secured = Object.values(files).some((path) => path !== undefined);
  if (secured && value?.startsWith("etcd=") !== true) {
    throw new Error("--etcd-cafile, --etcd-certfile and --etcd-keyfile go with --datastore etcd=URL");
  }
  if (value === undefined) return undefined;
  if (value === "sqlite" || value === "memory") return { type: value };
  if (value === "etcd") return { type: "etcd", endpoints: [] };
  if (value.startsWith("etcd=")) return etcdAt(value.slice("etcd=".length).split(","), files);
  throw new Error(`--datastore takes sqlite, memory, etcd or etcd=URL[,URL…], not ${JSON.stringify(value)}`);
}

function etcdAt(urls: readonly string[], { ca, certificate, key }: TlsFiles): Datastore {
  const wrong = urls.find((url) => !/^https?:\/\/[^/]+\/?$/.test(url));
  if (wrong !== undefined) {
    throw new Error(`--datastore etcd=URL takes addresses such as http://127.0.0.1:2379, not ${JSON.stringify(wrong)}`);
  }
  if ((certificate === undefined) !== (key === undefined)) {
    throw new Error("--etcd-certfile and --etcd-keyfile go together");
  }
  if (ca === undefined && urls.some((url) => url.startsWith("https:"))) {
    throw new Error("--datastore etcd=https://… needs --etcd-cafile, the authority of its certificate");
  }
  if (ca === undefined) return { type: "etcd", endpoints: urls };
  const client = certificate === undefined || key === undefined ? {} : { certificate, key };
  return { type: "etcd", endpoints: urls, tls: { ca, ...client } };
}

function file(value: Parameters<typeof text>[0], context: CommandContext): string | undefined {
  const path = text(value);
  return path === undefined || isAbsolute(path) ? path : join(context.workingDirectory, path);
}
