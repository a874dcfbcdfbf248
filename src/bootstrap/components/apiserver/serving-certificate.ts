import { createPrivateKey } from "node:crypto";
import { join } from "node:path";
import type { TlsIdentity } from "../../../apiserver/index.ts";
import { isPlatformError, type Platform } from "../../../base/index.ts";
import { CertificateAuthority, createAuthority } from "../../../component/index.ts";
import type { ApiserverFlags } from "./flags.ts";

const yearMs = 365 * 86_400_000;

/** Where the serving certificate lies; made, self-signed, in `--cert-dir` when no file is named. */
export interface ServingFiles {
  readonly certificate: string;
  readonly key: string;
}

export async function servingFiles(
  platform: Platform,
  flags: ApiserverFlags,
  addresses: readonly string[],
): Promise<ServingFiles> {
  if (flags["tls-cert-file"] !== "") {
    return { certificate: flags["tls-cert-file"], key: flags["tls-private-key-file"] };
  }
  const directory = flags["cert-dir"];
  const files = { certificate: join(directory, "apiserver.crt"), key: join(directory, "apiserver.key") };
  if ((await present(platform, files.certificate)) && (await present(platform, files.key))) return files;
  await platform.disk.makeDirectory(directory, { mode: 0o755 });
  const authority = createAuthority({ commonName: "apiserver-ca" }, yearMs, platform);
  const ca = new CertificateAuthority(authority.certificate, createPrivateKey(authority.key), platform);
  const { certificate, key } = ca.issue({
    subject: { commonName: "apiserver" },
    validityMs: yearMs,
    usages: ["server auth"],
    names: {
      dnsNames: ["kubernetes.default.svc", "kubernetes.default", "kubernetes", "localhost"],
      ipAddresses: [...new Set(["127.0.0.1", ...addresses])],
    },
  });
  await platform.disk.write(files.certificate, `${certificate.trimEnd()}\n${authority.certificate}`);
  await platform.disk.write(files.key, key, { mode: 0o600 });
  return files;
}

export async function readIdentity(
  { disk }: Platform,
  { certificate, key }: ServingFiles,
  clientCa: string | undefined,
): Promise<TlsIdentity> {
  const [cert, keyText] = await Promise.all([disk.readText(certificate), disk.readText(key)]);
  return { cert, key: keyText, ...(clientCa === undefined ? {} : { clientCa }) };
}

async function present({ disk }: Platform, path: string): Promise<boolean> {
  try {
    return (await disk.status(path)) !== undefined;
  } catch (error) {
    if (isPlatformError(error)) return false;
    throw error;
  }
}
