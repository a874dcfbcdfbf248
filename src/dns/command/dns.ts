import type { Command, CommandContext } from "../../base/index.ts";
import { connectionFrom, createHttpClient, SharedInformerFactory } from "../../client/index.ts";
import {
  componentCommand,
  createComponentLog,
  flag,
  type FlagValues,
  HelpRequested,
  logFlags,
  parseFlags,
} from "../../component/index.ts";
import { udpForwarder } from "../forwarder.ts";
import { Resolver } from "../resolver.ts";
import { DnsServer } from "../server.ts";
import { informerView } from "../view.ts";

const flags = {
  kubeconfig: flag.text({ usage: "Path to kubeconfig file; without it, the pod's own service account is used." }),
  "bind-address": flag.textList({ usage: "The addresses to listen on.", default: ["127.0.0.1"] }),
  port: flag.integer({ usage: "The port to listen on, UDP and TCP.", default: 53 }),
  "cluster-domain": flag.text({ usage: "The domain of the cluster.", default: "cluster.local" }),
  forward: flag.textList({ usage: "Servers that names outside of the cluster are asked of; none refuses them." }),
  ...logFlags,
  help: flag.boolean({ usage: "Show this help." }),
};

const help = { command: "k8ts dns", about: "Answers DNS for Services and pods.", groups: { DNS: flags } };

/** `k8ts dns`: the cluster's DNS server as a process of its own. */
export const dnsCommand: Command = (args, context) =>
  componentCommand(help, context, async () => {
    const { values } = parseFlags(flags, args);
    if (values.help) throw new HelpRequested();
    await run(values, context);
  });

async function run(values: FlagValues<typeof flags>, { platform, env, signal }: CommandContext): Promise<void> {
  const { clock, disk, network, processes, random } = platform;
  const log = createComponentLog("dns", values, clock);
  const { cluster, user } = await connectionFrom(disk, env, values);
  const client = createHttpClient({ cluster, user, clock, disk, processes, userAgent: "k8ts-dns" });
  const informers = new SharedInformerFactory({ client, clock, random, log });
  const domain = values["cluster-domain"];
  const servers = values.forward.map((host) => ({ host, port: 53 }));
  const server = new DnsServer({
    addresses: values["bind-address"].map((host) => ({ host, port: values.port })),
    domain,
    resolver: new Resolver(informerView(informers), domain),
    network,
    clock,
    log,
    ...(servers.length === 0 ? {} : { forwarder: udpForwarder(network, servers) }),
  });
  try {
    await Promise.all([informers.run(signal), server.run(signal)]);
  } finally {
    client.close();
  }
}
