import type { ConfigMap, SubjectAccessReview, TokenReview } from "../../api/index.ts";
import { createScope, type Log, messageOf, type Platform, type Scope } from "../../base/index.ts";
import {
  type Client,
  type ClientObserver,
  type ClosableClient,
  connectionFrom,
  createHttpClient,
  NotInClusterError,
  SharedInformerFactory,
} from "../../client/index.ts";
import {
  accessMetrics,
  anonymousAuthenticator,
  type Authenticator,
  certificateExpirations,
  requestHeaderAuthenticator,
  type TokenReviewStatus,
  unionAuthenticator,
  webhookTokenAuthenticator,
  x509Authenticator,
} from "../authentication/index.ts";
import type { MetricsRegistry } from "../metrics/index.ts";
import type { DiagnosticsHandler } from "../serving/diagnostics.ts";
import { followFiles } from "../serving/follow-files.ts";
import { Authorities, headerNamesOf, publishedAuthorities } from "./authorities.ts";
import { type AccessReviewStatus, DelegatedAuthorizer } from "./authorizer.ts";
import type { DelegationFlags } from "./flags.ts";
import { accessGuard } from "./guard.ts";
import { reviewer, reviewMetrics } from "./review-client.ts";

export interface DelegatedAccessOptions {
  readonly flags: DelegationFlags;
  /** Where a component in a pod finds its API server. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** By upstream's name. */
  readonly component: string;
  readonly registry: MetricsRegistry;
  readonly observer: (host: string) => ClientObserver;
  readonly log: Log;
}

export interface DelegatedAccess {
  /** Goes before all handlers. */
  readonly guard: DiagnosticsHandler;
  close(): Promise<void>;
}

type Needs = Pick<Platform, "clock" | "disk" | "processes" | "random">;

const configMaps = { group: "", version: "v1", resource: "configmaps" };
const mapNamespace = "kube-system";
const mapName = "extension-apiserver-authentication";
/** Upstream's, as it limits how fast the component answers. */
const rateLimit = { qps: 200, burst: 400 };
const timeoutMs = 10_000;

/**
 * Has the API server say who callers are and what they may read. Upstream: delegated authentication and authorization.
 * Rejects when the cluster's authorities cannot be read and that is not tolerated.
 */
export async function delegatedAccess(platform: Needs, options: DelegatedAccessOptions): Promise<DelegatedAccess> {
  const scope = createScope();
  const opened: ClosableClient[] = [];
  const close = async (): Promise<void> => {
    await scope.close();
    for (const client of opened) client.close();
  };
  try {
    const clients = await clientsOf(platform, options, opened);
    return { guard: await guardThrough(platform, options, clients, scope), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Who is asked; nobody where a component runs without a kubeconfig and outside of a cluster. */
export type ReviewClients = Readonly<Record<"authentication" | "authorization", Client | undefined>>;

type GuardOptions = Pick<DelegatedAccessOptions, "flags" | "registry" | "log">;

/** The guard of those clients. What it starts ends with the scope. */
export async function guardThrough(
  platform: Needs,
  options: GuardOptions,
  clients: ReviewClients,
  scope: Scope,
): Promise<DiagnosticsHandler> {
  const { clock } = platform;
  const { flags, registry, log } = options;
  const authenticator = await authenticatorOf(platform, options, clients.authentication, scope);
  const authorizer = new DelegatedAuthorizer({
    clock,
    review: accessReview(platform, registry, clients.authorization),
    openPaths: flags["authorization-always-allow-paths"],
    authorizedTtlMs: flags["authorization-webhook-cache-authorized-ttl"],
    unauthorizedTtlMs: flags["authorization-webhook-cache-unauthorized-ttl"],
  });
  const observer = accessMetrics(registry);
  return accessGuard({ clock, log, authenticator, authorizer, observer, signal: scope.signal });
}

/** One client for both where both kubeconfigs are the same. */
async function clientsOf(
  platform: Needs,
  { flags, env, component, observer, log }: DelegatedAccessOptions,
  opened: ClosableClient[],
): Promise<ReviewClients> {
  const { clock, disk, processes } = platform;
  const open = async (kubeconfig: string, use: string): Promise<ClosableClient | undefined> => {
    try {
      const { cluster, user } = await connectionFrom(disk, env, { kubeconfig });
      const userAgent = `${component}/v1.36.0 delegation`;
      const client = createHttpClient({
        ...{ cluster, user, clock, disk, processes, userAgent, rateLimit, timeoutMs, observer },
      });
      opened.push(client);
      return client;
    } catch (error) {
      if (kubeconfig === "" && error instanceof NotInClusterError) return undefined;
      throw new Error(`failed to get delegated ${use} kubeconfig: ${messageOf(error)}`, { cause: error });
    }
  };
  const [first, second] = [flags["authentication-kubeconfig"], flags["authorization-kubeconfig"]];
  const authentication = await open(first, "authentication");
  const authorization = first === second ? authentication : await open(second, "authorization");
  if (authorization === undefined) {
    log.warn("No authorization-kubeconfig provided, so SubjectAccessReview of authorization tokens won't work.");
  }
  return { authentication, authorization };
}

async function authenticatorOf(
  platform: Needs,
  options: GuardOptions,
  client: Client | undefined,
  scope: Scope,
): Promise<Authenticator> {
  const { clock } = platform;
  const { flags, registry } = options;
  const authorities = new Authorities();
  await trustFiles(platform, options, authorities, scope);
  await trustCluster(platform, options, authorities, client, scope);
  const all = [
    requestHeaderAuthenticator(authorities.requestHeader, clock),
    x509Authenticator(authorities.clients, clock, certificateExpirations(registry)),
  ];
  if (client !== undefined) {
    const ask = reviewer<TokenReview["spec"], TokenReviewStatus>({
      ...{ client, clock, group: "authentication.k8s.io", kind: "TokenReview" },
      observe: reviewMetrics(registry, "authn"),
    });
    const ttlMs = flags["authentication-token-webhook-cache-ttl"];
    all.push(webhookTokenAuthenticator({ clock, review: ask, audiences: [], ttlMs }));
  }
  const together = unionAuthenticator(all, anonymousAuthenticator);
  return client === undefined ? ignoringTokens(together) : together;
}

/** With nobody to ask about tokens, those who bring one are as those who bring none. */
function ignoringTokens({ name, authenticate }: Authenticator): Authenticator {
  return {
    name,
    authenticate: ({ headers, ...rest }, signal) =>
      authenticate({ ...rest, headers: { ...headers, authorization: undefined } }, signal),
  };
}

function accessReview({ clock }: Needs, registry: MetricsRegistry, client: Client | undefined) {
  if (client === undefined) return undefined;
  return reviewer<SubjectAccessReview["spec"], AccessReviewStatus>({
    ...{ client, clock, group: "authorization.k8s.io", kind: "SubjectAccessReview" },
    observe: reviewMetrics(registry, "authz"),
  });
}

/** What flags name, read again when it changes. */
async function trustFiles(
  platform: Needs,
  { flags, log }: GuardOptions,
  authorities: Authorities,
  scope: Scope,
): Promise<void> {
  const [clientCa, proxyCa] = [flags["client-ca-file"], flags["requestheader-client-ca-file"]];
  const files = [clientCa, proxyCa].filter((path) => path !== "");
  if (files.length === 0) return;
  const { disk } = platform;
  const take = async (): Promise<void> => {
    if (clientCa !== "") authorities.trustClients(await disk.readText(clientCa));
    if (proxyCa !== "") authorities.trustProxies(await disk.readText(proxyCa), headerNamesOf(flags));
  };
  await take();
  const again = () =>
    take().catch((error: unknown) => log.warn("authorities could not be read again", { error: messageOf(error) }));
  scope.start("authorities", (signal) => followFiles(platform, files, again, signal));
}

/** What flags leave out, as the cluster publishes it now and later. */
async function trustCluster(
  { clock, random }: Needs,
  { flags, log }: GuardOptions,
  authorities: Authorities,
  client: Client | undefined,
  scope: Scope,
): Promise<void> {
  const clients = flags["client-ca-file"] === "";
  const proxies = flags["requestheader-client-ca-file"] === "";
  if (flags["authentication-skip-lookup"] || (!clients && !proxies)) return;
  if (client === undefined) {
    log.warn("No authentication-kubeconfig provided, so client certificates are not looked at.");
    return;
  }
  const take = (map: ConfigMap): void => {
    const { clientCa, proxyCa, names } = publishedAuthorities(map);
    if (clients) authorities.trustClients(clientCa);
    if (proxies) authorities.trustProxies(proxyCa, names);
  };
  try {
    take(await client.resource<ConfigMap>(configMaps).namespace(mapNamespace).get(mapName));
  } catch (error) {
    if (!flags["authentication-tolerate-lookup-failure"]) {
      const message = `unable to load configmap based request-header-client-ca-file: ${messageOf(error)}`;
      throw new Error(message, { cause: error });
    }
    log.warn("Error looking up in-cluster authentication configuration", { error: messageOf(error) });
  }
  const informers = new SharedInformerFactory({ client, clock, random, log });
  const again = (map: ConfigMap): void => {
    try {
      take(map);
    } catch (error) {
      log.warn("the cluster's authorities cannot be used", { error: messageOf(error) });
    }
  };
  informers
    .informer<ConfigMap>(configMaps, { namespace: mapNamespace, fieldSelector: `metadata.name=${mapName}` })
    .addHandler({ onAdd: again, onUpdate: (_, map) => again(map) });
  scope.start("cluster-authorities", (signal) => informers.run(signal));
}
