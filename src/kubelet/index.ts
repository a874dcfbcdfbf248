export { type KubeletConfiguration, kubeletDefaults, resolveConfiguration } from "./config.ts";
export { createKubelet, type Kubelet, type KubeletOptions } from "./kubelet.ts";
