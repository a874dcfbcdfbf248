import { join } from "node:path";

/** Names as kubeadm lays them out: "PKI certificates and requirements". */
export interface PkiFiles {
  readonly ca: CertificateFiles;
  readonly frontProxyCa: CertificateFiles;
  readonly apiserver: CertificateFiles;
  readonly apiserverKubeletClient: CertificateFiles;
  readonly frontProxyClient: CertificateFiles;
  readonly serviceAccountKey: string;
  readonly serviceAccountPublicKey: string;
  /** Serving certificate of a node's kubelet. */
  kubelet(node: string): CertificateFiles;
}

export interface CertificateFiles {
  readonly certificate: string;
  readonly key: string;
}

export function pkiFiles(directory: string): PkiFiles {
  const pair = (name: string): CertificateFiles => ({
    certificate: join(directory, `${name}.crt`),
    key: join(directory, `${name}.key`),
  });
  return {
    ca: pair("ca"),
    frontProxyCa: pair("front-proxy-ca"),
    apiserver: pair("apiserver"),
    apiserverKubeletClient: pair("apiserver-kubelet-client"),
    frontProxyClient: pair("front-proxy-client"),
    serviceAccountKey: join(directory, "sa.key"),
    serviceAccountPublicKey: join(directory, "sa.pub"),
    kubelet: (node) => pair(`kubelet-${node}`),
  };
}
