/** Where one containerd instance keeps things, all below one directory. */
export interface ContainerdPaths {
  readonly directory: string;
  /** Kept when the node goes down: images, snapshots, metadata. */
  readonly root: string;
  /** Running things: task bundles, shims' state, the runtime's state, network namespaces. */
  readonly state: string;
  readonly socket: string;
  readonly configFile: string;
  readonly logFile: string;
  readonly pidFile: string;
  /** Registry hosts, one folder each with a `hosts.toml`. */
  readonly registryDirectory: string;
}

/** The kernel takes 107 bytes; containerd appends `.ttrpc` to the socket's name. */
const SOCKET_PATH_BYTES_MAX = 101;

/** Throws when the directory's name is too long for a unix socket below it. */
export function containerdPaths(directory: string): ContainerdPaths {
  const socket = `${directory}/containerd.sock`;
  const excess = Buffer.byteLength(socket) - SOCKET_PATH_BYTES_MAX;
  if (excess > 0) throw new Error(`${directory} is ${excess} bytes too long: a unix socket's path is limited`);
  return {
    directory,
    root: `${directory}/root`,
    state: `${directory}/state`,
    socket,
    configFile: `${directory}/config.toml`,
    logFile: `${directory}/containerd.log`,
    pidFile: `${directory}/containerd.pid`,
    registryDirectory: `${directory}/registries`,
  };
}
