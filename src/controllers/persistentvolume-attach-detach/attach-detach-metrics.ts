import type { MetricsRegistry } from "../../component/index.ts";
import type { World } from "./world.ts";

export interface AttachDetachMetrics {
  forced(reason: "timeout" | "out-of-service"): void;
}

/** Upstream's series; all volumes here are those of CSI drivers. */
export function attachDetachMetrics(registry: MetricsRegistry, world: World): AttachDetachMetrics {
  const forced = registry.counters({
    name: "attach_detach_controller_attachdetach_controller_forced_detaches",
    help: "Volumes that were detached though their nodes may have used them.",
    labels: ["reason"],
  });
  const total = registry.gauges({
    name: "attachdetach_controller_total_volumes",
    help: "Volumes that are wanted on nodes, and that are attached.",
    labels: ["plugin_name", "state"],
  });
  const inUse = registry.gauges({
    name: "storage_count_attachable_volumes_in_use",
    help: "Attachable volumes that pods use, by node.",
    labels: ["node", "volume_plugin"],
  });
  registry.beforeRender(() => {
    total.clear();
    inUse.clear();
    const wants = world.wants();
    for (const { node, volume } of wants) {
      total.with(pluginOf(volume.driver), "desired_state_of_world").increment();
      inUse.with(node, pluginOf(volume.driver)).increment();
    }
    for (const { name } of world.attachments()) {
      const [, driver = ""] = /^kubernetes\.io\/csi\/([^^]*)\^/.exec(name) ?? [];
      total.with(pluginOf(driver), "actual_state_of_world").increment();
    }
  });
  return { forced: (reason) => forced.with(reason).increment() };
}

function pluginOf(driver: string): string {
  return `kubernetes.io/csi:${driver}`;
}
