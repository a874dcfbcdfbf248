import { createPrivateKey, createPublicKey, X509Certificate } from "node:crypto";
import type { Platform } from "../../base/index.ts";
import {
  type AlternativeNames,
  CertificateAuthority,
  createAuthority,
  generateKey,
  type KeyedCertificate,
  privateKeyPem,
  type Subject,
  type Usage,
} from "../../component/index.ts";
import { addressIn } from "../cluster/addresses.ts";
import type { ClusterConfig } from "../cluster/config.ts";
import { clusterPaths } from "../cluster/paths.ts";
import { type CertificateFiles, type PkiFiles, pkiFiles } from "./files.ts";

const dayMs = 86_400_000;
/** kubeadm's figures: ten years for authorities, one year for the rest. */
const authorityValidityMs = 3650 * dayMs;
const leafValidityMs = 365 * dayMs;
/** What has less than this left is made anew at the next start. */
const renewBeforeMs = 90 * dayMs;

type PkiPlatform = Pick<Platform, "clock" | "random" | "disk">;

/** The authorities of a cluster and whatever they sign, kept in files. */
export class ClusterPki {
  readonly files: PkiFiles;
  readonly ca: CertificateAuthority;
  readonly #platform: PkiPlatform;

  constructor(platform: PkiPlatform, files: PkiFiles, ca: CertificateAuthority) {
    this.#platform = platform;
    this.files = files;
    this.ca = ca;
  }

  /** A client certificate that is not kept. */
  client(subject: Subject): KeyedCertificate {
    return this.ca.issue({ subject, validityMs: leafValidityMs, usages: ["client auth"] });
  }

  async keep(
    files: CertificateFiles,
    subject: Subject,
    usages: readonly Usage[],
    names?: AlternativeNames,
  ): Promise<void> {
    await keep(this.#platform, this.ca, files, subject, usages, names);
  }
}

/** Makes what is missing, renews what runs out or no longer fits, and leaves the rest alone. */
export async function ensurePki(platform: PkiPlatform, config: ClusterConfig): Promise<ClusterPki> {
  const directory = clusterPaths(config.directory).pki;
  await platform.disk.makeDirectory(directory, { mode: 0o700 });
  const files = pkiFiles(directory);
  const ca = await ensureAuthority(platform, files.ca, "kubernetes");
  const frontProxyCa = await ensureAuthority(platform, files.frontProxyCa, "front-proxy-ca");
  const pki = new ClusterPki(platform, files, ca);
  await pki.keep(files.apiserver, { commonName: "kube-apiserver" }, ["server auth"], apiserverNames(config));
  await pki.keep(
    files.apiserverKubeletClient,
    { commonName: "kube-apiserver-kubelet-client", organizations: ["system:masters"] },
    ["client auth"],
  );
  await keep(platform, frontProxyCa, files.frontProxyClient, { commonName: "front-proxy-client" }, ["client auth"]);
  for (const node of config.nodes) {
    const subject = { commonName: `system:node:${node.name}`, organizations: ["system:nodes"] };
    await pki.keep(files.kubelet(node.name), subject, ["server auth"], {
      dnsNames: [node.name],
      ipAddresses: [node.address, "127.0.0.1"],
    });
  }
  await ensureServiceAccountKey(platform, files);
  return pki;
}

function apiserverNames(config: ClusterConfig): AlternativeNames {
  const service = ["kubernetes", "kubernetes.default", "kubernetes.default.svc"];
  return {
    dnsNames: [...service, `kubernetes.default.svc.${config.clusterDomain}`, "localhost"],
    ipAddresses: [...new Set([addressIn(config.serviceCidr, 1), "127.0.0.1", "::1", config.advertiseAddress])],
  };
}

async function ensureAuthority(
  platform: PkiPlatform,
  files: CertificateFiles,
  name: string,
): Promise<CertificateAuthority> {
  if ((await platform.disk.status(files.certificate)) === undefined) {
    await write(platform, files, createAuthority({ commonName: name }, authorityValidityMs, platform));
  }
  const [certificate, key] = await Promise.all([
    platform.disk.readText(files.certificate),
    platform.disk.readText(files.key),
  ]);
  return new CertificateAuthority(certificate, createPrivateKey(key), platform);
}

async function keep(
  platform: PkiPlatform,
  ca: CertificateAuthority,
  files: CertificateFiles,
  subject: Subject,
  usages: readonly Usage[],
  names?: AlternativeNames,
): Promise<void> {
  if (await stillGood(platform, ca, files, names)) return;
  const issued = ca.issue({ subject, usages, validityMs: leafValidityMs, ...(names === undefined ? {} : { names }) });
  await write(platform, files, issued);
}

async function stillGood(
  platform: PkiPlatform,
  ca: CertificateAuthority,
  files: CertificateFiles,
  names: AlternativeNames | undefined,
): Promise<boolean> {
  if ((await platform.disk.status(files.certificate)) === undefined) return false;
  const leaf = new X509Certificate(await platform.disk.readText(files.certificate));
  const fits =
    (names?.dnsNames ?? []).every((name) => leaf.checkHost(name) !== undefined) &&
    (names?.ipAddresses ?? []).every((address) => leaf.checkIP(address) !== undefined);
  const issuer = new X509Certificate(ca.certificate);
  const lasts = leaf.validToDate.getTime() - platform.clock.now() > renewBeforeMs;
  return fits && lasts && leaf.checkIssued(issuer) && leaf.verify(issuer.publicKey);
}

async function ensureServiceAccountKey(platform: PkiPlatform, files: PkiFiles): Promise<void> {
  if ((await platform.disk.status(files.serviceAccountKey)) !== undefined) return;
  const key = privateKeyPem(generateKey().privateKey);
  const publicKey = createPublicKey(key).export({ type: "spki", format: "pem" }).toString();
  await platform.disk.write(files.serviceAccountPublicKey, publicKey);
  await platform.disk.write(files.serviceAccountKey, key, { mode: 0o600 });
}

async function write(platform: PkiPlatform, files: CertificateFiles, made: KeyedCertificate): Promise<void> {
  await platform.disk.write(files.key, made.key, { mode: 0o600 });
  await platform.disk.write(files.certificate, made.certificate);
}
