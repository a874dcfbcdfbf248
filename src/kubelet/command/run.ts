import { type Clock, type Command, createLog, messageOf, standardErrorSink } from "../../base/index.ts";
import { createHttpClient, loadKubeconfig, resolveKubeconfig } from "../../client/index.ts";
import {
  ConfigError,
  flagzPage,
  HelpRequested,
  type ZPage,
  MetricsRegistry,
  renderHelp,
  restClientMetrics,
} from "../../component/index.ts";
import { connectRuntime } from "../../cri/index.ts";
import { readMachine } from "../node/machine.ts";
import { createKubelet } from "../kubelet.ts";
import { kubeletStatusz, pagesComponent } from "../server/pages.ts";
import { kubeletFlags } from "./flags.ts";
import { type KubeletSettings, readKubeletSettings } from "./settings.ts";

const about =
  "The kubelet is the agent of a node: it registers the node, runs its pods through a container runtime, and reports.";

/** `k8ts kubelet`, with upstream's flags. Runs until it is told to stop; containers go on. */
export const kubelet: Command = async (args, { platform, signal, stdout }) => {
  const { clock, disk, processes } = platform;
  let settings: KubeletSettings;
  try {
    settings = await readKubeletSettings(disk, args);
  } catch (error) {
    if (!(error instanceof HelpRequested)) throw error;
    stdout.write(renderHelp({ command: "k8ts kubelet", about, groups: { Kubelet: kubeletFlags } }));
    return 0;
  }
  const { kubeconfig, runtimeEndpoint, configuration, warnings } = settings;
  if (kubeconfig === "")
    throw new ConfigError("--kubeconfig is required: without an API server nothing can be run yet");
  const log = createLog({ clock, sink: standardErrorSink, level: settings.verbosity >= 4 ? "debug" : "info" });
  for (const warning of warnings) log.warn(warning);
  const { cluster, user } = resolveKubeconfig(await loadKubeconfig(disk, [kubeconfig]));
  const metrics = new MetricsRegistry();
  settings.features.report(metrics);
  const observer = restClientMetrics(metrics);
  const client = createHttpClient({ cluster, user, clock, disk, processes, userAgent: "kubelet", observer });
  const cri = await connectRuntime({ endpoint: runtimeEndpoint, clock });
  const nodeName = settings.nodeName ?? (await readMachine(disk, process.arch)).hostname.toLowerCase();
  try {
    await createKubelet({
      platform,
      log,
      client,
      cri,
      configuration: { ...configuration, nodeName },
      metrics,
      zPages: zPagesOf(settings, clock),
    }).run(signal);
  } catch (error) {
    log.error("The kubelet failed", { error: messageOf(error) });
    return 1;
  } finally {
    cri.close();
    client.close();
  }
  return 0;
};

function zPagesOf({ features, flags }: KubeletSettings, clock: Clock): readonly ZPage[] {
  const flagz = features.enabled("ComponentFlagz") ? [flagzPage(pagesComponent, kubeletFlags, flags)] : [];
  return features.enabled("ComponentStatusz") ? [...flagz, kubeletStatusz(clock, flagz)] : flagz;
}
