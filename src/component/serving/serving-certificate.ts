import { createPrivateKey } from "node:crypto";
import { isIP } from "node:net";
import { join } from "node:path";
import { isPlatformError, type Disk, type Platform } from "../../base/index.ts";
import { CertificateAuthority, createAuthority } from "../certificates/index.ts";
import type { ServingCertificate } from "./diagnostics-server.ts";
import type { ServingFlags } from "./flags.ts";

type Needs = Pick<Platform, "clock" | "disk" | "random">;

export interface FoundCertificate {
  readonly certificate: ServingCertificate;
  /** Where it is read from again when it is renewed; none for one in memory. */
  readonly files: CertificateFiles | undefined;
}

export interface CertificateFiles {
  readonly certificate: string;
  readonly key: string;
}

const yearMs = 365 * 86_400_000;

/**
 * What a component serves with: the files that flags name, else those in `--cert-dir`, which are made when they are not
 * there; without a directory one in memory. Upstream: `MaybeDefaultWithSelfSignedCerts`.
 */
export async function servingCertificate(
  platform: Needs,
  component: string,
  flags: ServingFlags,
): Promise<FoundCertificate> {
  const { disk } = platform;
  const directory = flags["cert-dir"];
  if (flags["tls-cert-file"] !== "" || flags["tls-private-key-file"] !== "") {
    const files = { certificate: flags["tls-cert-file"], key: flags["tls-private-key-file"] };
    return { certificate: await readCertificate(disk, files), files };
  }
  if (directory === "") return { certificate: selfSigned(platform, flags["bind-address"]), files: undefined };
  const files = { certificate: join(directory, `${component}.crt`), key: join(directory, `${component}.key`) };
  if ((await isThere(disk, files.certificate)) && (await isThere(disk, files.key))) {
    return { certificate: await readCertificate(disk, files), files };
  }
  const certificate = selfSigned(platform, flags["bind-address"]);
  await disk.makeDirectory(directory, { mode: 0o755 });
  await disk.write(files.certificate, certificate.certificatePem);
  await disk.write(files.key, certificate.keyPem, { mode: 0o600 });
  return { certificate, files };
}

export async function readCertificate(disk: Disk, files: CertificateFiles): Promise<ServingCertificate> {
  const [certificatePem, keyPem] = await Promise.all([disk.readText(files.certificate), disk.readText(files.key)]);
  return { certificatePem, keyPem };
}

/** For a year, with the authority that signed it and whose key nobody keeps. */
function selfSigned({ clock, random }: Needs, address: string): ServingCertificate {
  const stamp = Math.floor(clock.now() / 1000);
  const authority = createAuthority({ commonName: `localhost-ca@${stamp}` }, yearMs, { clock, random });
  const ca = new CertificateAuthority(authority.certificate, createPrivateKey(authority.key), { clock, random });
  const unspecified = ["", "0.0.0.0", "::"].includes(address) || isIP(address) === 0;
  const { certificate, key } = ca.issue({
    subject: { commonName: `localhost@${stamp}` },
    validityMs: yearMs,
    usages: ["server auth"],
    names: { dnsNames: ["localhost"], ipAddresses: [...new Set(["127.0.0.1", ...(unspecified ? [] : [address])])] },
  });
  return { certificatePem: `${certificate.trimEnd()}\n${authority.certificate}`, keyPem: key };
}

async function isThere(disk: Disk, path: string): Promise<boolean> {
  try {
    return (await disk.status(path)) !== undefined;
  } catch (error) {
    if (isPlatformError(error)) return false;
    throw error;
  }
}
