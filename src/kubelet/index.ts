export { kubelet } from "./command/run.ts";
export { type KubeletConfiguration, kubeletDefaults, resolveConfiguration } from "./config.ts";
export { createKubelet, type Kubelet, type KubeletOptions } from "./kubelet.ts";
export { MemoryRuntime, type MemoryRuntimeOptions, type Program } from "./testing/memory-runtime.ts";
