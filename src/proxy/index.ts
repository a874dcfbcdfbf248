export { defaultProxyConfig, type ProxyConfig } from "./config.ts";
export { Proxy, type ProxyOptions, type ProxyPlatform, removeProxyRules } from "./proxy.ts";
export { type RenderedPort, renderService, renderTable, type ServiceInput } from "./rules/render.ts";
