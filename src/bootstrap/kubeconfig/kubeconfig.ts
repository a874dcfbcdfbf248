import { dirname } from "node:path";
import { dump, load } from "js-yaml";
import { type Disk, isPlatformError } from "../../base/index.ts";

interface Named {
  readonly name: string;
}

/** `v1 Config` as far as we write it; what else a user's file holds is kept as it is. */
interface Kubeconfig {
  apiVersion?: string;
  kind?: string;
  preferences?: unknown;
  clusters?: Named[] | null;
  contexts?: Named[] | null;
  users?: Named[] | null;
  "current-context"?: string;
}

export interface Access {
  /** Name of the cluster, user and context entries. */
  readonly name: string;
  readonly server: string;
  /** PEM, embedded in the file. */
  readonly certificateAuthority: string;
  readonly clientCertificate: string;
  readonly clientKey: string;
}

const base64 = (text: string): string => Buffer.from(text).toString("base64");

/** A kubeconfig with one context, as YAML. */
export function renderKubeconfig(access: Access): string {
  return dump(entries(access));
}

function entries(access: Access): Required<Omit<Kubeconfig, "preferences">> & { preferences: object } {
  const { name } = access;
  const cluster = { server: access.server, "certificate-authority-data": base64(access.certificateAuthority) };
  const user = {
    "client-certificate-data": base64(access.clientCertificate),
    "client-key-data": base64(access.clientKey),
  };
  return {
    apiVersion: "v1",
    kind: "Config",
    preferences: {},
    clusters: [{ name, cluster } as Named],
    users: [{ name, user } as Named],
    contexts: [{ name, context: { cluster: name, user: name } } as Named],
    "current-context": name,
  };
}

/** The file `kubectl` reads: the first of `$KUBECONFIG`, else `~/.kube/config`. */
export function userKubeconfigPath(env: Readonly<Record<string, string | undefined>>, home: string): string {
  const first = (env["KUBECONFIG"] ?? "").split(":").find((path) => path !== "");
  return first ?? `${home}/.kube/config`;
}

/** Adds or replaces the context in the user's file and makes it current. A file that is not YAML is left alone. */
export async function mergeIntoUserFile(disk: Disk, path: string, access: Access): Promise<void> {
  const existing = await readFile(disk, path);
  const ours = entries(access);
  const merged: Kubeconfig = {
    ...ours,
    ...existing,
    clusters: replace(existing.clusters, ours.clusters),
    users: replace(existing.users, ours.users),
    contexts: replace(existing.contexts, ours.contexts),
    "current-context": access.name,
  };
  await disk.makeDirectory(dirname(path));
  await disk.write(path, dump(merged), { mode: 0o600 });
}

/** Takes the context out again; other contexts stay as they are. */
export async function removeFromUserFile(disk: Disk, path: string, name: string): Promise<void> {
  if ((await disk.status(path)) === undefined) return;
  const existing = await readFile(disk, path);
  const without = (list: Named[] | null | undefined) => (list ?? []).filter((entry) => entry.name !== name);
  const left: Kubeconfig = {
    ...existing,
    clusters: without(existing.clusters),
    users: without(existing.users),
    contexts: without(existing.contexts),
  };
  if (existing["current-context"] === name) left["current-context"] = "";
  await disk.write(path, dump(left), { mode: 0o600 });
}

function replace(list: readonly Named[] | null | undefined, ours: readonly Named[] | null | undefined): Named[] {
  const names = new Set((ours ?? []).map((entry) => entry.name));
  return [...(list ?? []).filter((entry) => !names.has(entry.name)), ...(ours ?? [])];
}

async function readFile(disk: Disk, path: string): Promise<Kubeconfig> {
  try {
    const text = await disk.readText(path);
    const value = text.trim() === "" ? {} : load(text);
    if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Error("not a mapping");
    return value as Kubeconfig;
  } catch (error) {
    if (isPlatformError(error, "ENOENT")) return {};
    throw new Error(`${path} is not a kubeconfig; move it away or set KUBECONFIG`, { cause: error });
  }
}
