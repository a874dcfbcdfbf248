export { kubeletFlags } from "./command/flags.ts";
export { type KubeletSettings, readKubeletSettings } from "./command/settings.ts";
export { type KubeletConfiguration, kubeletDefaults, resolveConfiguration } from "./config.ts";
export { createKubelet, type Kubelet, type KubeletOptions } from "./kubelet.ts";
export { MemoryRuntime, type MemoryRuntimeOptions, type Program } from "./testing/memory-runtime.ts";
