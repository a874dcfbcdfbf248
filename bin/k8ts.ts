import { existsSync } from "node:fs";
import "./plain-imports.ts";
import type { Command, CommandContext } from "../src/base/index.ts";

const { createRealPlatform, importParts, keepYoungHeapSmall, messageOf } = await import("../src/base/index.ts");

interface Entry {
  readonly summary: string;
  /** The module that has the command, from here, and its exported name. */
  readonly module: string;
  readonly name: string;
  /** Of a component: the rooms that it is made of, from the bottom up. */
  readonly rooms?: readonly string[];
}

type Table = Readonly<Record<string, Entry>>;

const bootstrap = "../src/bootstrap/index.ts";
const clusters: Table = {
  up: { summary: "make a cluster, or start it again", module: bootstrap, name: "up" },
  down: { summary: "stop a cluster; with --delete remove its data too", module: bootstrap, name: "down" },
  status: { summary: "show what runs and how it is", module: bootstrap, name: "status" },
  logs: { summary: "print the log of a component", module: bootstrap, name: "logs" },
  image: { summary: "import, list or build container images", module: bootstrap, name: "image" },
  kubectl: { summary: "run the installed kubectl against a cluster", module: bootstrap, name: "kubectl" },
};

const common = ["apimachinery", "api", "client", "component"];
const server = [...common, "storage", "apiserver"];
const agent = [...common, "cri", "network", "kubelet"];

const components: Table = {
  apiserver: { summary: "the API server", module: bootstrap, name: "apiserver", rooms: server },
  "controller-manager": {
    summary: "the controllers",
    module: bootstrap,
    name: "controllerManager",
    rooms: [...common, "controllers"],
  },
  scheduler: { summary: "the scheduler", module: bootstrap, name: "scheduler", rooms: [...common, "scheduler"] },
  kubelet: { summary: "the agent of a node", module: "../src/kubelet/index.ts", name: "kubelet", rooms: agent },
  proxy: { summary: "a node's rules for Services", module: bootstrap, name: "proxy", rooms: [...common, "proxy"] },
  dns: { summary: "the cluster's DNS server", module: bootstrap, name: "dns", rooms: [...common, "dns"] },
  "control-plane": {
    summary: "the control plane of a cluster; its supervisor starts it",
    module: bootstrap,
    name: "controlPlane",
    rooms: [...server, "scheduler", "controllers"],
  },
  node: {
    summary: "one node of a cluster; its supervisor starts it",
    module: bootstrap,
    name: "node",
    rooms: [...agent, "proxy", "dns"],
  },
  supervisor: { summary: "what keeps a cluster running; up starts it", module: bootstrap, name: "supervisor" },
};

const development: Table = {
  test: { summary: "run all tests, or those whose path holds a word", module: "../tools/test/main.ts", name: "test" },
  bench: {
    summary: "measure something of bench/ and compare it with its target",
    module: "../tools/bench/main.ts",
    name: "bench",
  },
  tool: { summary: "run something of tools/: format, references, tidy", module: "../tools/main.ts", name: "tool" },
};

const groups: readonly (readonly [string, Table])[] = [
  ["Clusters", clusters],
  ["Components, with upstream's flags", components],
  ["Development", development],
];

// What is private says so itself; the rest containers and other users read, whoever starts this.
process.umask(0o022);
process.exitCode = await main(process.argv[2] ?? "help", process.argv.slice(3));

async function main(name: string, args: readonly string[]): Promise<number> {
  if (["help", "--help", "-h"].includes(name)) return print(help());
  if (["version", "--version"].includes(name)) return print(await version());
  const entry = groups.map(([, table]) => table[name]).find((found) => found !== undefined);
  if (entry === undefined) return refuse(`there is no command ${JSON.stringify(name)}; ./k8ts help lists them`);
  if (name in components) keepYoungHeapSmall();
  const command = await load(entry);
  if (command === undefined) return refuse(`the command ${name} is not built yet`);
  try {
    return await command(args, createContext());
  } catch (error) {
    if (process.env.K8TS_TRACE !== undefined) process.stderr.write(`${String((error as Error).stack)}\n`);
    return refuse(messageOf(error));
  }
}

async function load({ module, name, rooms = [] }: Entry): Promise<Command | undefined> {
  if (!existsSync(new URL(module, import.meta.url))) return undefined;
  await importParts(rooms.map((room) => () => import(`../src/${room}/index.ts`)));
  const loaded = (await import(module)) as Readonly<Record<string, unknown>>;
  return loaded[name] as Command | undefined;
}

function createContext(): CommandContext {
  const controller = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    // The second one means it: a command that does not end by itself is ended.
    process.once(signal, () => controller.abort(new Error(`stopped by ${signal}`)));
  }
  return {
    platform: createRealPlatform(),
    signal: controller.signal,
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    workingDirectory: process.cwd(),
  };
}

function help(): string {
  const lines = ["k8ts: Kubernetes, implemented in TypeScript", "", "Usage: ./k8ts COMMAND [FLAGS]"];
  for (const [title, table] of groups) {
    lines.push("", `${title}:`);
    for (const [name, { summary }] of Object.entries(table)) lines.push(`  ${name.padEnd(25)} ${summary}`);
  }
  lines.push("", "./k8ts COMMAND --help tells the flags of a command.");
  return lines.join("\n");
}

async function version(): Promise<string> {
  const { default: manifest } = await import("../package.json", { with: { type: "json" } });
  return `k8ts ${manifest.version} (Kubernetes API v1.36, Node.js ${process.versions.node})`;
}

function print(text: string): number {
  process.stdout.write(`${text}\n`);
  return 0;
}

function refuse(message: string): number {
  process.stderr.write(`k8ts: ${message}\n`);
  return 1;
}
