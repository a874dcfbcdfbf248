import type { EndpointSlice, Service } from "../../api/index.ts";
import type { ProxyConfig } from "../config.ts";
import { defaultProxyConfig } from "../config.ts";

/** Short forms of the API's objects for the tests of this room. */
export const testConfig: ProxyConfig = {
  ...defaultProxyConfig,
  nodeName: "node-1",
  nodeAddress: "10.211.0.2",
  clusterCidr: "10.210.0.0/16",
};

export function service(name: string, spec: Service["spec"], status?: Service["status"]): Service {
  const ports = [{ name: "http", port: 80, protocol: "TCP", targetPort: 8080 }] as const;
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name, namespace: "default" },
    spec: {
      type: "ClusterIP",
      clusterIP: "10.212.0.1",
      clusterIPs: [spec?.clusterIP ?? "10.212.0.1"],
      ports: [...ports],
      ...spec,
    },
    ...(status === undefined ? {} : { status }),
  };
}

type Endpoint = NonNullable<EndpointSlice["endpoints"]>[number];

/** Endpoints on node-1 unless said otherwise. */
export function slice(
  serviceName: string,
  endpoints: readonly (string | Endpoint)[],
  port: object = {},
): EndpointSlice {
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { name: `${serviceName}-1`, namespace: "default", labels: { "kubernetes.io/service-name": serviceName } },
    addressType: "IPv4",
    endpoints: endpoints.map((endpoint) =>
      typeof endpoint === "string"
        ? { addresses: [endpoint], nodeName: "node-1", conditions: { ready: true } }
        : endpoint,
    ),
    ports: [{ name: "http", port: 8080, protocol: "TCP", ...port }],
  };
}
