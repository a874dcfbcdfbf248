import type { TlsIdentity } from "../../../apiserver/index.ts";
import type { Platform } from "../../../base/index.ts";
import { type CertificateFiles, keptCertificate, selfSigned } from "../../../component/index.ts";
import type { ApiserverFlags } from "./flags.ts";

/** Where the serving certificate lies; made, self-signed, in `--cert-dir` when no file is named. */
export async function servingFiles(
  platform: Platform,
  flags: ApiserverFlags,
  addresses: readonly string[],
): Promise<CertificateFiles> {
  if (flags["tls-cert-file"] !== "") {
    return { certificate: flags["tls-cert-file"], key: flags["tls-private-key-file"] };
  }
  return keptCertificate(platform.disk, flags["cert-dir"], "apiserver", () =>
    selfSigned(platform, {
      authority: "apiserver-ca",
      server: "apiserver",
      names: {
        dnsNames: ["kubernetes.default.svc", "kubernetes.default", "kubernetes", "localhost"],
        ipAddresses: [...new Set(["127.0.0.1", ...addresses])],
      },
    }),
  );
}

export async function readIdentity(
  { disk }: Platform,
  { certificate, key }: CertificateFiles,
  clientCa: string | undefined,
): Promise<TlsIdentity> {
  const [cert, keyText] = await Promise.all([disk.readText(certificate), disk.readText(key)]);
  return { cert, key: keyText, ...(clientCa === undefined ? {} : { clientCa }) };
}
