import type { Disk } from "../../base/index.ts";
import type { KubeconfigCluster, KubeconfigUser } from "./kubeconfig.ts";

const directory = "/var/run/secrets/kubernetes.io/serviceaccount";

/** Upstream's wording. */
export class NotInClusterError extends Error {
  constructor() {
    super(
      "unable to load in-cluster configuration, KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT must be defined",
    );
    this.name = "NotInClusterError";
  }
}

/** What a pod uses to reach its own API server, from its environment and its mounted service account. */
export async function inClusterConfig(
  disk: Disk,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<{ cluster: KubeconfigCluster; user: KubeconfigUser; namespace: string }> {
  const { KUBERNETES_SERVICE_HOST: host = "", KUBERNETES_SERVICE_PORT: port = "" } = environment;
  if (host === "" || port === "") throw new NotInClusterError();
  const name = host.includes(":") ? `[${host}]` : host;
  const namespace =
    (await disk.status(`${directory}/namespace`)) === undefined
      ? "default"
      : (await disk.readText(`${directory}/namespace`)).trim();
  return {
    cluster: { server: `https://${name}:${port}`, "certificate-authority": `${directory}/ca.crt` },
    user: { tokenFile: `${directory}/token` },
    namespace,
  };
}
