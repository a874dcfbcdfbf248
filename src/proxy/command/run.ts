import { hostname } from "node:os";
import type { Clock, Command, CommandContext } from "../../base/index.ts";
import { connectionFrom, createHttpClient, SharedInformerFactory } from "../../client/index.ts";
import {
  addProcessMetrics,
  componentCommand,
  createComponentLog,
  flagzPage,
  MetricsRegistry,
  restClientMetrics,
  statuszPage,
  type ZPage,
  zPagePath,
} from "../../component/index.ts";
import { Nft } from "../../network/index.ts";
import { Proxy, removeProxyRules } from "../proxy.ts";
import { proxyConfigz } from "./configz.ts";
import { proxyFlags } from "./flags.ts";
import { type ProxySettings, readProxySettings } from "./settings.ts";

const help = {
  command: "k8ts proxy",
  about: "Keeps a node's rules for Services, so that their addresses lead to their endpoints.",
  groups: { Proxy: proxyFlags },
};
const directory = "/run/k8ts-proxy";

/** `k8ts proxy`, with upstream's flags. The rules stay when it ends; `--cleanup` removes them. */
export const proxyCommand: Command = (args, context) =>
  componentCommand(help, context, async () => {
    const settings = await readProxySettings(context.platform.disk, args);
    for (const warning of settings.warnings) context.stderr.write(`${warning}\n`);
    await run(settings, context);
  });

async function run(settings: ProxySettings, { platform, env, signal }: CommandContext): Promise<void> {
  const { clock, disk, processes, random } = platform;
  const log = createComponentLog("proxy", { v: settings.verbosity, "logging-format": "text" } as never, clock);
  await disk.makeDirectory(directory);
  if (settings.cleanup) return removeProxyRules(new Nft({ disk, processes, directory, enter: [] }), settings.config);
  const { cluster, user } = await connectionFrom(disk, env, settings);
  const registry = new MetricsRegistry();
  settings.features.report(registry);
  addProcessMetrics(registry, clock);
  const observer = restClientMetrics(registry);
  const client = createHttpClient({ cluster, user, clock, disk, processes, userAgent: "kube-proxy", observer });
  const informers = new SharedInformerFactory({ client, clock, random, log });
  const proxy = new Proxy(
    { ...platform, log },
    {
      config: { ...settings.config, nodeName: settings.nodeName ?? hostname().toLowerCase() },
      informers,
      directory,
      registry,
      zPages: zPagesOf(settings, clock),
      configz: proxyConfigz(settings.configuration),
      syncPeriodMs: settings.syncPeriodMs,
      minSyncPeriodMs: settings.minSyncPeriodMs,
      ...(settings.healthz === undefined ? {} : { healthz: settings.healthz }),
      ...(settings.metrics === undefined ? {} : { metrics: settings.metrics }),
    },
  );
  try {
    await Promise.all([informers.run(signal), proxy.run(signal)]);
  } finally {
    client.close();
  }
}

function zPagesOf({ features, flags }: ProxySettings, clock: Clock): readonly ZPage[] {
  const component = "kube-proxy";
  const flagz = features.enabled("ComponentFlagz") ? [flagzPage(component, proxyFlags, flags)] : [];
  if (!features.enabled("ComponentStatusz")) return flagz;
  const paths = ["/configz", "/healthz", "/metrics", "/proxyMode", ...flagz.map(zPagePath)];
  return [...flagz, statuszPage({ component, clock, paths })];
}
