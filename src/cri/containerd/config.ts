import type { ContainerdPaths } from "./paths.ts";
import { renderToml, type TomlTable } from "./toml.ts";

export interface ContainerdVersion {
  readonly major: number;
  readonly minor: number;
}

export interface ContainerdFacts {
  readonly version: ContainerdVersion;
  readonly snapshotter: "overlayfs" | "native";
  /** OCI runtimes found on this machine: name → path. The first is the default; each is also a runtime handler. */
  readonly runtimes: Readonly<Record<string, string>>;
  /** Without CAP_SYS_RESOURCE no process may lower its OOM score, so containers must not ask for it. */
  readonly mayLowerOomScore: boolean;
}

export interface ContainerdSettings {
  readonly paths: ContainerdPaths;
  readonly sandboxImage: string;
  readonly cniConfigDirectory: string;
  readonly cniBinDirectory: string;
}

const runcShim = "io.containerd.runc.v2";
const unusedPlugins = [
  "io.containerd.snapshotter.v1.aufs",
  "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs",
  "io.containerd.tracing.processor.v1.otlp",
  "io.containerd.internal.v1.tracing",
];

/** The configuration file: version 2 for containerd 1.6 and 1.7, version 3 for 2.x. */
export function containerdConfig(settings: ContainerdSettings, facts: ContainerdFacts): string {
  const { paths } = settings;
  const common: TomlTable = {
    root: paths.root,
    state: paths.state,
    oom_score: facts.mayLowerOomScore ? -999 : 0,
    disabled_plugins: unusedPlugins,
    debug: { level: "warn" },
    grpc: { address: paths.socket },
  };
  const own: TomlTable = { "io.containerd.internal.v1.opt": { path: `${paths.directory}/opt` } };
  if (facts.version.major >= 2) {
    return renderToml({ version: 3, ...common, plugins: { ...own, ...pluginsVersion3(settings, facts) } });
  }
  return renderToml({ version: 2, ...common, plugins: { ...own, ...pluginsVersion2(settings, facts) } });
}

function pluginsVersion2(settings: ContainerdSettings, facts: ContainerdFacts): TomlTable {
  return {
    "io.containerd.grpc.v1.cri": {
      ...behaviour(facts),
      ...streaming,
      sandbox_image: settings.sandboxImage,
      cni: { conf_dir: settings.cniConfigDirectory, bin_dir: settings.cniBinDirectory, max_conf_num: 1 },
      containerd: { snapshotter: facts.snapshotter, ...runtimes(settings, facts) },
      registry: { config_path: settings.paths.registryDirectory },
    },
  };
}

function pluginsVersion3(settings: ContainerdSettings, facts: ContainerdFacts): TomlTable {
  return {
    "io.containerd.cri.v1.runtime": {
      ...behaviour(facts),
      cni: { conf_dir: settings.cniConfigDirectory, bin_dir: settings.cniBinDirectory, max_conf_num: 1 },
      containerd: runtimes(settings, facts),
    },
    "io.containerd.cri.v1.images": {
      snapshotter: facts.snapshotter,
      pinned_images: { sandbox: settings.sandboxImage },
      registry: { config_path: settings.paths.registryDirectory },
    },
    "io.containerd.grpc.v1.cri": streaming,
  };
}

/** The kubelet connects to the streaming server itself, so it needs to listen on loopback only. */
const streaming: TomlTable = { stream_server_address: "127.0.0.1", stream_server_port: "0" };

function behaviour(facts: ContainerdFacts): TomlTable {
  return {
    restrict_oom_score_adj: !facts.mayLowerOomScore,
    // Below our own directory, so that everything can be found and removed with it.
    netns_mounts_under_state_dir: true,
    tolerate_missing_hugetlb_controller: true,
    enable_unprivileged_ports: true,
    enable_unprivileged_icmp: true,
  };
}

function runtimes(settings: ContainerdSettings, facts: ContainerdFacts): TomlTable {
  const handlers = Object.entries(facts.runtimes).map(([name, path]) => [
    name,
    {
      runtime_type: runcShim,
      options: { BinaryName: path, Root: `${settings.paths.state}/oci`, SystemdCgroup: false },
    },
  ]);
  return { default_runtime_name: Object.keys(facts.runtimes)[0] ?? "runc", runtimes: Object.fromEntries(handlers) };
}
