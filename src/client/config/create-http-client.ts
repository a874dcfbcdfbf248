import type { Clock, Disk, Processes } from "../../base/index.ts";
import type { Impersonation } from "../contract.ts";
import { type ClientObserver, type ClosableClient, HttpClient } from "../http/http-client.ts";
import { NodeTransport } from "../http/node-transport.ts";
import type { TlsMaterial } from "../http/transport.ts";
import {
  basicAuthorization,
  type Credentials,
  fileTokenCredentials,
  fixedCredentials,
  tlsMaterialOf,
} from "./credentials.ts";
import { ExecCredentials } from "./exec-credentials.ts";
import type { KubeconfigCluster, KubeconfigUser } from "./kubeconfig.ts";

export interface HttpClientConfig {
  readonly cluster: KubeconfigCluster;
  readonly user: KubeconfigUser;
  readonly clock: Clock;
  readonly disk: Disk;
  /** Needed for credential plug-ins only. */
  readonly processes?: Processes | undefined;
  /** Instead of what `user` says about itself. */
  readonly credentials?: Credentials | undefined;
  readonly userAgent?: string | undefined;
  readonly rateLimit?: { readonly qps: number; readonly burst: number } | undefined;
  readonly timeoutMs?: number | undefined;
  /** ALPN, in order; default HTTP/2, then HTTP/1.1. */
  readonly protocols?: readonly string[] | undefined;
  /** For metrics, by the server's host. */
  readonly observer?: ((host: string) => ClientObserver) | undefined;
}

/** A client over HTTP for one cluster and user, as a kubeconfig describes them. */
export function createHttpClient(config: HttpClientConfig): ClosableClient {
  const { cluster, user, clock, disk, userAgent, rateLimit, timeoutMs, protocols } = config;
  const credentials = config.credentials ?? credentialsOf(config);
  const server = new URL(/^https?:\/\//.test(cluster.server) ? cluster.server : `https://${cluster.server}`);
  const tls = async (): Promise<TlsMaterial> => ({
    ...(await tlsMaterialOf(disk, cluster, user)),
    ...definedOnly(await credentials.certificate?.()),
  });
  const transport = new NodeTransport({
    origin: server.origin,
    tls,
    clock,
    ...(protocols === undefined ? {} : { protocols }),
  });
  return new HttpClient({
    transport,
    clock,
    pathPrefix: server.pathname.replace(/\/+$/, ""),
    authorization: () => credentials.authorization(),
    onUnauthorized: () => credentials.refresh(),
    userAgent,
    impersonate: impersonationOf(user),
    rateLimit,
    timeoutMs,
    observer: config.observer?.(server.host),
  });
}

/** What a kubeconfig's user says of itself in `Authorization`, or a plug-in of it. */
export function credentialsOf({
  cluster,
  user,
  clock,
  disk,
  processes,
}: Pick<HttpClientConfig, "cluster" | "user" | "clock" | "disk" | "processes">): Credentials {
  if (user.tokenFile !== undefined && user.tokenFile !== "") return fileTokenCredentials(disk, clock, user.tokenFile);
  if (user.token !== undefined && user.token !== "") return fixedCredentials(`Bearer ${user.token}`);
  if (user.username !== undefined) return fixedCredentials(basicAuthorization(user.username, user.password ?? ""));
  if (user.exec === undefined) return fixedCredentials(undefined);
  if (processes === undefined) throw new Error("this client cannot run credential plug-ins");
  return new ExecCredentials(user.exec, cluster, processes, clock);
}

function impersonationOf(user: KubeconfigUser): Impersonation | undefined {
  if (user.as === undefined) return undefined;
  return { user: user.as, uid: user["as-uid"], groups: user["as-groups"], extra: user["as-user-extra"] };
}

function definedOnly(material: Pick<TlsMaterial, "certificate" | "key"> | undefined): Partial<TlsMaterial> {
  return material?.certificate === undefined ? {} : material;
}
