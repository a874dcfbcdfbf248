import { type Command, isPlatformError } from "../../base/index.ts";
import { clusterPaths } from "../cluster/paths.ts";
import { findCluster } from "./find.ts";
import { callerOf, clusterName } from "./options.ts";

/** `k8ts kubectl [--name NAME] ARGS…`: runs the installed kubectl with the administrator's kubeconfig of a cluster. */
export const kubectl: Command = async (args, context) => {
  const named = args[0] === "--name";
  const config = await findCluster(context.platform, callerOf(context), clusterName(named ? args[1] : undefined));
  const env = { KUBECONFIG: clusterPaths(config.directory).kubeconfig };
  const rest = named ? args.slice(2) : args;
  try {
    const { code } = await context.platform.processes.spawn("kubectl", rest, { env, inherit: true }).exited;
    return code ?? 1;
  } catch (error) {
    if (!isPlatformError(error, "ENOENT")) throw error;
    throw new Error("kubectl is not installed; install it, for example with Debian's package kubernetes-client", {
      cause: error,
    });
  }
};
