import { EventBroadcaster, SharedInformer } from "../../client/index.ts";
import { CgroupManager } from "../cgroups/manager.ts";
import type { KubeletConfiguration } from "../config.ts";
import type { KubeletOptions } from "../kubelet.ts";
import { Paths } from "../paths.ts";
import { Inspector } from "../runtime/inspector.ts";
import type { Service } from "../types.ts";
import type { SharedParts } from "./parts.ts";
import type { Ground } from "./survey.ts";

export function sharedParts(
  { platform, log, client, cri }: KubeletOptions,
  configuration: KubeletConfiguration,
  { node }: Ground,
): SharedParts {
  const { clock, random, disk, processes } = platform;
  return {
    node,
    paths: new Paths(configuration.rootDirectory, configuration.podLogsDirectory),
    broadcaster: new EventBroadcaster({ client, clock, log, host: configuration.nodeName }),
    cgroups: new CgroupManager({
      disk,
      processes,
      mount: configuration.cgroupMount,
      root: configuration.cgroupRoot,
      version: node.cgroupVersion,
      podPidsLimit: configuration.podPidsLimit,
    }),
    services: new SharedInformer<Service>({
      name: "services",
      client: client.resource<Service>({ group: "", version: "v1", resource: "services" }),
      clock,
      random,
      log,
    }),
    inspector: new Inspector(cri.runtime, disk),
  };
}
