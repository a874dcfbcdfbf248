import { isIP } from "node:net";
import type { Disk, Platform } from "../../base/index.ts";
import { type CertificateFiles, keptCertificate, type KeyedCertificate, selfSigned } from "../certificates/index.ts";
import type { ServingCertificate } from "./diagnostics-server.ts";
import type { ServingFlags } from "./flags.ts";

type Needs = Pick<Platform, "clock" | "disk" | "random">;

export interface FoundCertificate {
  readonly certificate: ServingCertificate;
  /** Where it is read from again when it is renewed; none for one in memory. */
  readonly files: CertificateFiles | undefined;
}

/**
 * What a component serves with: the files that flags name, else those in `--cert-dir`, which are made when they are not
 * there; without a directory one in memory.
 */
export async function servingCertificate(
  platform: Needs,
  component: string,
  flags: ServingFlags,
): Promise<FoundCertificate> {
  const make = () => selfSignedAt(platform, flags["bind-address"]);
  const [named, directory] = [namedFiles(flags), flags["cert-dir"]];
  if (named === undefined && directory === "") {
    const { certificate, key } = make();
    return { certificate: { certificatePem: certificate, keyPem: key }, files: undefined };
  }
  const files = named ?? (await keptCertificate(platform.disk, directory, component, make));
  return { certificate: await readCertificate(platform.disk, files), files };
}

function namedFiles(flags: ServingFlags): CertificateFiles | undefined {
  const files = { certificate: flags["tls-cert-file"], key: flags["tls-private-key-file"] };
  return files.certificate === "" && files.key === "" ? undefined : files;
}

export async function readCertificate(disk: Disk, files: CertificateFiles): Promise<ServingCertificate> {
  const [certificatePem, keyPem] = await Promise.all([disk.readText(files.certificate), disk.readText(files.key)]);
  return { certificatePem, keyPem };
}

/** For whoever asks on this machine, and at the address, where there is one. */
function selfSignedAt(platform: Needs, address: string): KeyedCertificate {
  const stamp = Math.floor(platform.clock.now() / 1000);
  const unspecified = ["", "0.0.0.0", "::"].includes(address) || isIP(address) === 0;
  const ipAddresses = [...new Set(["127.0.0.1", ...(unspecified ? [] : [address])])];
  return selfSigned(platform, {
    authority: `localhost-ca@${stamp}`,
    server: `localhost@${stamp}`,
    names: { dnsNames: ["localhost"], ipAddresses },
  });
}
