import type { Clock, Disk } from "../../base/index.ts";
import type { TlsMaterial } from "../http/transport.ts";
import type { KubeconfigCluster, KubeconfigUser } from "./kubeconfig.ts";

/** What goes into `Authorization`, and what to do when the server refused it. */
export interface Credentials {
  authorization(): Promise<string | undefined>;
  /** True when new credentials may have been got. */
  refresh(): Promise<boolean>;
  /** A client certificate that a plug-in gave. */
  certificate?(): Promise<Pick<TlsMaterial, "certificate" | "key">>;
}

/** As upstream: a token file is read again after a minute. */
const tokenFileMaxAgeMs = 60_000;

/** A bearer token from a file that someone else rotates. */
export function fileTokenCredentials(disk: Disk, clock: Pick<Clock, "monotonic">, path: string): Credentials {
  let token: string | undefined;
  let readAt = 0;
  return {
    async authorization() {
      if (token === undefined || clock.monotonic() - readAt > tokenFileMaxAgeMs) {
        token = (await disk.readText(path)).trim();
        readAt = clock.monotonic();
      }
      return `Bearer ${token}`;
    },
    async refresh() {
      const used = token;
      token = (await disk.readText(path)).trim();
      readAt = clock.monotonic();
      return token !== used;
    },
  };
}

export function fixedCredentials(authorization: string | undefined): Credentials {
  return { authorization: () => Promise.resolve(authorization), refresh: () => Promise.resolve(false) };
}

export function basicAuthorization(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}

/** The TLS side of a kubeconfig entry. Files are read at every call, so a rotated certificate is used by new connections. */
export async function tlsMaterialOf(
  disk: Disk,
  cluster: KubeconfigCluster,
  user: KubeconfigUser,
): Promise<TlsMaterial> {
  return {
    ca: await pem(disk, cluster["certificate-authority-data"], cluster["certificate-authority"]),
    certificate: await pem(disk, user["client-certificate-data"], user["client-certificate"]),
    key: await pem(disk, user["client-key-data"], user["client-key"]),
    serverName: cluster["tls-server-name"],
    insecureSkipVerify: cluster["insecure-skip-tls-verify"],
  };
}

async function pem(disk: Disk, base64: string | undefined, path: string | undefined): Promise<string | undefined> {
  if (base64 !== undefined && base64 !== "") return Buffer.from(base64, "base64").toString();
  return path === undefined || path === "" ? undefined : disk.readText(path);
}
