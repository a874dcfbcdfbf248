export { type ProxyConfiguration, proxyConfigurationKind } from "./command/configuration.ts";
export { proxyFlags } from "./command/flags.ts";
export { type BindAddress, type ProxySettings, readProxySettings } from "./command/settings.ts";
export { defaultProxyConfig, type ProxyConfig } from "./config.ts";
export { Proxy, type ProxyOptions, type ProxyPlatform, removeProxyRules } from "./proxy.ts";
export { type RenderedPort, renderService, renderTable, type ServiceInput } from "./rules/render.ts";
export { proxyCommand } from "./command/run.ts";
