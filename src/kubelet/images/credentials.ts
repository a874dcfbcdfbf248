import type { Request } from "../../cri/index.ts";
import type { Secret } from "../types.ts";
import { parseImageReference } from "./reference.ts";

export type Credentials = Request<"AuthConfig">;

interface Entry {
  readonly username?: string;
  readonly password?: string;
  readonly auth?: string;
  readonly identitytoken?: string;
  readonly registrytoken?: string;
}

/** Keys of a docker configuration with what they open, best match first, for one image. */
export function credentialsFor(image: string, secrets: readonly Secret[]): Credentials[] {
  const reference = parseImageReference(image);
  if (reference === undefined) return [];
  const target = `${reference.domain}/${reference.path}`;
  const found: { readonly key: string; readonly credentials: Credentials }[] = [];
  for (const secret of secrets) {
    for (const [key, entry] of Object.entries(entriesOf(secret))) {
      if (matches(key, target)) found.push({ key, credentials: toCredentials(key, entry) });
    }
  }
  return found.sort((a, b) => b.key.length - a.key.length).map((one) => one.credentials);
}

function entriesOf(secret: Secret): Readonly<Record<string, Entry>> {
  const json = secret.data?.[".dockerconfigjson"];
  const legacy = secret.data?.[".dockercfg"];
  try {
    if (json !== undefined) return (JSON.parse(decode(json)) as { auths?: Record<string, Entry> }).auths ?? {};
    if (legacy !== undefined) return JSON.parse(decode(legacy)) as Record<string, Entry>;
  } catch {
    // A broken secret opens nothing; the pull itself then says what is missing.
  }
  return {};
}

function matches(key: string, target: string): boolean {
  const bare = key.replace(/^https?:\/\//, "").replace(/\/$/, "");
  const [host = "", ...rest] = bare.split("/");
  const path = rest.join("/").replace(/^v[12]\/?/, "");
  const known = /^(index\.docker\.io|registry-1\.docker\.io)$/.test(host) ? "docker.io" : host;
  const slash = target.indexOf("/");
  return hostMatches(known, target.slice(0, slash)) && target.slice(slash + 1).startsWith(path);
}

/** `*.example.com` stands for one label. */
function hostMatches(pattern: string, host: string): boolean {
  const wanted = pattern.split(".");
  const parts = host.split(".");
  return (
    wanted.length === parts.length &&
    wanted.every((one, at) => new RegExp(`^${one.split("*").map(escape).join("[^.]*")}$`).test(parts[at] ?? ""))
  );
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

function toCredentials(key: string, entry: Entry): Credentials {
  const decoded = entry.auth === undefined ? "" : decode(entry.auth);
  const colon = decoded.indexOf(":");
  return {
    username: entry.username ?? (colon < 0 ? "" : decoded.slice(0, colon)),
    password: entry.password ?? (colon < 0 ? "" : decoded.slice(colon + 1)),
    identityToken: entry.identitytoken ?? "",
    registryToken: entry.registrytoken ?? "",
    serverAddress: key,
  };
}

function decode(text: string): string {
  return Buffer.from(text, "base64").toString("utf8");
}
