import { createPrivateKey } from "node:crypto";
import { join } from "node:path";
import { type Clock, type Disk, isPlatformError, type Random } from "../../base/index.ts";
import { CertificateAuthority, createAuthority, type KeyedCertificate } from "./certificate.ts";
import type { AlternativeNames } from "./names.ts";

const yearMs = 365 * 86_400_000;

export interface SelfSignedOptions {
  /** Common names of the authority and of the server. */
  readonly authority: string;
  readonly server: string;
  readonly names: AlternativeNames;
  /** Default a year. */
  readonly validityMs?: number;
}

/**
 * What a server serves with that was given no certificate: one signed by an authority of its own, whose key nobody
 * keeps. The PEM of the server's certificate comes first, then the authority's.
 */
export function selfSigned(
  platform: { readonly clock: Clock; readonly random: Random },
  { authority, server, names, validityMs = yearMs }: SelfSignedOptions,
): KeyedCertificate & { readonly authority: string } {
  const made = createAuthority({ commonName: authority }, validityMs, platform);
  const issuer = new CertificateAuthority(made.certificate, createPrivateKey(made.key), platform);
  const subject = { commonName: server };
  const { certificate, key } = issuer.issue({ subject, validityMs, usages: ["server auth"], names });
  return { certificate: `${certificate.trimEnd()}\n${made.certificate}`, key, authority: made.certificate };
}

export interface CertificateFiles {
  readonly certificate: string;
  readonly key: string;
}

/** `NAME.crt` and `NAME.key` in a folder, made where one is missing. Upstream: `MaybeDefaultWithSelfSignedCerts`. */
export async function keptCertificate(
  disk: Disk,
  directory: string,
  name: string,
  make: () => KeyedCertificate,
): Promise<CertificateFiles> {
  const files = { certificate: join(directory, `${name}.crt`), key: join(directory, `${name}.key`) };
  if ((await isThere(disk, files.certificate)) && (await isThere(disk, files.key))) return files;
  const { certificate, key } = make();
  await disk.makeDirectory(directory, { mode: 0o755 });
  await disk.write(files.certificate, certificate);
  await disk.write(files.key, key, { mode: 0o600 });
  return files;
}

async function isThere(disk: Disk, path: string): Promise<boolean> {
  try {
    return (await disk.status(path)) !== undefined;
  } catch (error) {
    if (isPlatformError(error)) return false;
    throw error;
  }
}
