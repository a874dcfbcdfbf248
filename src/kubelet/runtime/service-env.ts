import type { Service } from "../types.ts";

/**
 * The variables by which a pod finds the Services of its namespace (and `kubernetes` of `default`), in the form that
 * upstream and Docker links use. Services without a cluster address have none.
 */
export function serviceEnv(services: Iterable<Service>, namespace: string, links: boolean): Map<string, string> {
  const env = new Map<string, string>();
  for (const service of selected(services, namespace, links)) {
    const host = service.spec?.clusterIP ?? "";
    const ports = service.spec?.ports ?? [];
    const first = ports[0];
    if (first === undefined) continue;
    const name = variableName(service.metadata.name ?? "");
    env.set(`${name}_SERVICE_HOST`, host);
    env.set(`${name}_SERVICE_PORT`, String(first.port));
    for (const port of ports) {
      if (port.name) env.set(`${name}_SERVICE_PORT_${variableName(port.name)}`, String(port.port));
    }
    addLinks(env, name, host, ports);
  }
  return env;
}

function addLinks(
  env: Map<string, string>,
  name: string,
  host: string,
  ports: readonly { readonly port: number; readonly protocol?: string }[],
): void {
  ports.forEach((port, index) => {
    const protocol = port.protocol ?? "TCP";
    const url = `${protocol.toLowerCase()}://${host.includes(":") ? `[${host}]` : host}:${port.port}`;
    const prefix = `${name}_PORT_${port.port}_${protocol}`;
    if (index === 0) env.set(`${name}_PORT`, url);
    env.set(prefix, url);
    env.set(`${prefix}_PROTO`, protocol.toLowerCase());
    env.set(`${prefix}_PORT`, String(port.port));
    env.set(`${prefix}_ADDR`, host);
  });
}

function selected(services: Iterable<Service>, namespace: string, links: boolean): Service[] {
  const byName = new Map<string, Service>();
  for (const service of services) {
    const address = service.spec?.clusterIP;
    if (address === undefined || address === "" || address === "None") continue;
    const name = service.metadata.name ?? "";
    const own = service.metadata.namespace === namespace;
    if (name === "kubernetes" && service.metadata.namespace === "default" && !byName.has(name))
      byName.set(name, service);
    else if (own && links) byName.set(name, service);
  }
  return [...byName.values()].sort((a, b) => ((a.metadata.name ?? "") < (b.metadata.name ?? "") ? -1 : 1));
}

function variableName(name: string): string {
  return name.replaceAll("-", "_").toUpperCase();
}
