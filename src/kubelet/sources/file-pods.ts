import { createHash } from "node:crypto";
import { loadScheme } from "../../api/index.ts";
import { parseYaml } from "../../apimachinery/index.ts";
import { type Clock, type Disk, isPlatformError, type Log, messageOf } from "../../base/index.ts";
import { podUid } from "../pods/names.ts";
import { podAnnotations } from "../runtime/labels.ts";
import { rfc3339 } from "../time.ts";
import type { Pod } from "../types.ts";

export interface FilePodsOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly log: Log;
  /** A directory of manifests, or one file. */
  readonly path: string;
  readonly nodeName: string;
  readonly onPod: (pod: Pod) => void;
  readonly onRemoved: (pod: Pod) => void;
}

/** Read again at least so often, as upstream's `fileCheckFrequency`. */
const checkMs = 20_000;

/** Static pods: the manifests in a directory, kept running whatever the API server says. */
export class FilePods {
  readonly #options: FilePodsOptions;
  #known = new Map<string, Pod>();
  #read = false;

  constructor(options: FilePodsOptions) {
    this.#options = options;
  }

  /** True once all manifests have been read. */
  hasSynced(): boolean {
    return this.#read || this.#options.path === "";
  }

  pods(): readonly Pod[] {
    return [...this.#known.values()];
  }

  async run(signal: AbortSignal): Promise<void> {
    const { path, disk, clock } = this.#options;
    if (path === "") return;
    let wake: (() => void) | undefined;
    disk.watch(path, () => wake?.(), signal);
    while (!signal.aborted) {
      await this.#refresh();
      await new Promise<void>((resolve) => {
        const timer = clock.after(checkMs, resolve);
        wake = () => {
          timer.cancel();
          resolve();
        };
        signal.addEventListener("abort", wake, { once: true });
      });
    }
  }

  async #refresh(): Promise<void> {
    const { onPod, onRemoved } = this.#options;
    const found = new Map<string, Pod>();
    for (const file of await this.#files()) {
      const pod = await this.#load(file);
      if (pod !== undefined) found.set(podUid(pod), pod);
    }
    const before = this.#known;
    this.#known = found;
    this.#read = true;
    for (const [uid, pod] of before) if (!found.has(uid)) onRemoved(pod);
    for (const [uid, pod] of found) if (!before.has(uid)) onPod(pod);
  }

  async #files(): Promise<string[]> {
    const { disk, path, log } = this.#options;
    try {
      const status = await disk.status(path);
      if (status?.kind !== "directory") return status === undefined ? [] : [path];
      return (await disk.list(path)).filter((name) => !name.startsWith(".")).map((name) => `${path}/${name}`);
    } catch (error) {
      log.warn("Static pods cannot be read", { path, error: messageOf(error) });
      return [];
    }
  }

  async #load(file: string): Promise<Pod | undefined> {
    const { disk, nodeName, clock, log } = this.#options;
    try {
      return staticPod(await disk.readText(file), file, nodeName, clock.now());
    } catch (error) {
      if (!isPlatformError(error, "ENOENT") && !isPlatformError(error, "EISDIR")) {
        log.error("A static pod's manifest cannot be used", { file, error: messageOf(error) });
      }
      return undefined;
    }
  }
}

/** A manifest as the pod it stands for: completed with defaults, named after the node, with an identity of its own. */
export function staticPod(manifest: string, file: string, nodeName: string, nowMs: number): Pod {
  const codec = loadScheme().codec<Pod>({ group: "", version: "v1", kind: "Pod" });
  const { value } = parseYaml(manifest);
  const { kind } = (value ?? {}) as { readonly kind?: unknown };
  if (kind !== "Pod") throw new Error(`expected a Pod, got ${JSON.stringify(kind)}`);
  const { object: pod, problems } = codec.decodeValue(value, { unknownFields: "report" });
  if (problems.length > 0) throw new Error(problems.join(", "));
  codec.applyDefaults(pod);
  const name = `${pod.metadata.name ?? ""}-${nodeName.toLowerCase()}`;
  const hash = createHash("md5")
    .update(`host:${nodeName}`)
    .update(`file:${file}`)
    .update(codec.encode(pod))
    .digest("hex");
  const uid = pod.metadata.uid || hash;
  return {
    ...pod,
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      ...pod.metadata,
      name,
      namespace: pod.metadata.namespace || "default",
      uid,
      annotations: {
        ...pod.metadata.annotations,
        [podAnnotations.configHash]: hash,
        [podAnnotations.configSource]: "file",
        [podAnnotations.configSeen]: rfc3339(nowMs),
      },
    },
    spec: {
      ...pod.spec,
      containers: pod.spec?.containers ?? [],
      nodeName,
      tolerations: [...(pod.spec?.tolerations ?? []), { effect: "NoExecute", operator: "Exists" }],
    },
    status: { phase: "Pending" },
  };
}
