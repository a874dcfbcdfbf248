import { join } from "node:path";
import type { Disk } from "../../base/index.ts";
import type { Subject } from "../../component/index.ts";
import type { ClusterConfig } from "../cluster/config.ts";
import { clusterPaths } from "../cluster/paths.ts";
import type { ClusterPki } from "../pki/create.ts";
import { type Access, renderKubeconfig } from "./kubeconfig.ts";

/** Who each component is to the API server: upstream's names, so that upstream's bootstrap roles fit. */
export const componentSubjects = {
  admin: { commonName: "kubernetes-admin", organizations: ["system:masters"] },
  "controller-manager": { commonName: "system:kube-controller-manager" },
  scheduler: { commonName: "system:kube-scheduler" },
  proxy: { commonName: "system:kube-proxy", organizations: ["system:node-proxier"] },
  dns: {
    commonName: "system:serviceaccount:kube-system:coredns",
    organizations: ["system:serviceaccounts", "system:serviceaccounts:kube-system"],
  },
} satisfies Readonly<Record<string, Subject>>;

export function kubeletSubject(node: string): Subject {
  return { commonName: `system:node:${node}`, organizations: ["system:nodes"] };
}

export function identityPath(config: ClusterConfig, name: string): string {
  return join(clusterPaths(config.directory).identities, `${name}.conf`);
}

/** Writes a kubeconfig for every component and every node's kubelet, and the administrator's. Returns the latter. */
export async function writeIdentities(disk: Disk, config: ClusterConfig, pki: ClusterPki): Promise<Access> {
  const paths = clusterPaths(config.directory);
  await disk.makeDirectory(paths.identities, { mode: 0o700 });
  const access = (subject: Subject, name: string, host: string): Access => {
    const issued = pki.client(subject);
    return {
      name,
      server: `https://${host}:${config.port}`,
      certificateAuthority: pki.ca.certificate,
      clientCertificate: issued.certificate,
      clientKey: issued.key,
    };
  };
  const write = (name: string, subject: Subject, host: string) =>
    disk.write(identityPath(config, name), renderKubeconfig(access(subject, "default", host)), { mode: 0o600 });
  for (const name of ["controller-manager", "scheduler"] as const)
    await write(name, componentSubjects[name], "127.0.0.1");
  const nodeHost = config.nodes.some((node) => node.place === "namespace") ? config.advertiseAddress : "127.0.0.1";
  for (const name of ["proxy", "dns"] as const) await write(name, componentSubjects[name], nodeHost);
  for (const node of config.nodes) await write(`kubelet-${node.name}`, kubeletSubject(node.name), nodeHost);
  const admin = access(componentSubjects.admin, `k8ts-${config.name}`, "127.0.0.1");
  await disk.write(paths.kubeconfig, renderKubeconfig(admin), { mode: 0o600 });
  return admin;
}
