import type { KubeObject } from "../../apimachinery/index.ts";
import { loadScheme, type Pod, type Scheme } from "../../api/index.ts";
import { type Clock, type Log, type Network, type Random, RealNetwork } from "../../base/index.ts";
import type { Client, ClientObserver } from "../../client/index.ts";
import type { Store } from "../../storage/index.ts";
import type { AdmissionSettings } from "../admission/configuration.ts";
import { ServerObjects } from "../admission/objects.ts";
import { admissionPlugins, admissionReads } from "../admission/order.ts";
import { rbacEscalation } from "../admission/rbac-escalation.ts";
import { type PluginSelection, selectPlugins } from "../admission/select.ts";
import { Aggregator } from "../aggregation/aggregator.ts";
import { addAggregationMetrics } from "../aggregation/metrics.ts";
import { type ServiceResolver, serviceResolver } from "../aggregation/service-resolver.ts";
import type { ProxyClient } from "../aggregation/connections.ts";
import { callObserver } from "../admission/webhook/call-metrics.ts";
import { WebhookCaller } from "../admission/webhook/caller.ts";
import { EquivalentVersions, type Variant } from "../admission/webhook/equivalents.ts";
import {
  conditionMatcher,
  mutatingPolicies,
  PolicyParams,
  policyMetrics,
  validatingPolicies,
} from "../admission/policy/index.ts";
import { webhookMetrics } from "../admission/webhook/metrics.ts";
import { mutatingWebhooks } from "../admission/webhook/mutating.ts";
import { validatingWebhooks } from "../admission/webhook/validating.ts";
import {
  type Authenticator,
  type RequestHeaderOptions,
  type ServiceAccountKeys,
  ServiceAccountTokens,
  systemGroups,
} from "../authn/index.ts";
import { type Authorizer, NodeGraph, RbacAuthorizer, type RuleResolver } from "../authz/index.ts";
import { MetricsRegistry, statuszPage, type ZPage, zPagePath } from "../../component/index.ts";
import { type AuditBackend, type AuditPolicy, createAuditor } from "../audit/index.ts";
import { type FlowControlOptions, installFlowControl } from "../flowcontrol/index.ts";
import { apiVersionInfo } from "../discovery/version.ts";
import type { PathHandler } from "../handlers/router.ts";
import { bytesReply, jsonReply, mediaJson } from "../http/reply.ts";
import { headerText } from "../handlers/body.ts";
import { checkProduced } from "../handlers/negotiation.ts";
import { CustomResources, customDocuments, rulesOf, ruleTimes, webhookConversion } from "../customresources/index.ts";
import { createLocalClient } from "../local/local-client.ts";
import { withAdminAccess } from "../registry/resource/admin-access.ts";
import { strategiesFor } from "../registry/strategies.ts";
import { accessReviews } from "../reviews/access-reviews.ts";
import { authenticationReviews, checkByChain, type TokenChecker } from "../reviews/authentication-reviews.ts";
import type { ReviewInputs } from "../reviews/review.ts";
import { type BoundPod, tokenRequestHandler } from "../reviews/token-request.ts";
import { type ApiServer, type ApiServerOptions, createApiServer, type StartupStep } from "../server.ts";
import { authorization, type AuthorizationMode } from "./authorization.ts";
import { type Authorities, type StandardAuthentication, standardAuthentication } from "./authentication.ts";
import { publishAuthentication } from "./authentication-config.ts";
import { Features } from "../../component/index.ts";
import { ensureBootstrapRoles } from "./bootstrap-roles.ts";
import { ensureKubernetesService } from "./kubernetes-service.ts";
import { trackLegacyTokens } from "./legacy-token-tracking.ts";
import { cacheOf, LiveObjects } from "./live-objects.ts";
import { ServerLeases } from "./server-leases.ts";
import { ServiceAllocation, type ServiceNetworkOptions, serviceNetworkDefaults } from "./service-allocation.ts";
import { ensureSystemNamespaces } from "./system-namespaces.ts";
import { ensureSystemPriorityClasses } from "./system-priority-classes.ts";

export interface StandardServerOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** PEM. `--client-ca-file`. */
  readonly clientCa?: string;
  readonly requestHeader?: Omit<RequestHeaderOptions, "pool"> & { readonly ca: string };
  /** How other servers that are a part of this API are reached, and with which client certificate. */
  readonly aggregation?: {
    readonly network?: Network;
    readonly client?: ProxyClient;
    /** Services are reached by their endpoints, for want of a proxy on this node. `--enable-aggregator-routing`. */
    readonly byEndpoints?: boolean;
  };
  readonly serviceAccounts: ServiceAccountKeys;
  /** `--authorization-mode`. Default Node and RBAC. */
  readonly authorizationModes?: readonly AuthorizationMode[];
  /** `--anonymous-auth`. Default true; a list of paths: only there. */
  readonly anonymous?: boolean | readonly string[];
  /** Further authenticators (OIDC, webhook, token file), asked after the built-in ones. */
  readonly authenticators?: readonly Authenticator[];
  /** Default: 10.96.0.0/12, node ports 30000-32767. */
  readonly serviceNetwork?: ServiceNetworkOptions;
  /** Where pods and other nodes reach this server; the endpoints of the Service `kubernetes`. Absent: no such endpoints. */
  readonly advertise?: {
    readonly address: string;
    readonly port: number;
    /** Other servers over the same store have their addresses there too. `--endpoint-reconciler-type=lease`. */
    readonly shared?: boolean;
  };
  /** `--enable-admission-plugins`, `--disable-admission-plugins`. Default: upstream's, and NodeRestriction. */
  readonly admissionPlugins?: PluginSelection;
  /** `--admission-control-config-file`. */
  readonly admissionSettings?: AdmissionSettings;
  /** Off by default. The backends are run by the caller, until after the server has ended. */
  readonly audit?: { readonly policy: AuditPolicy; readonly backends: readonly AuditBackend[] };
  /** Priority and fairness, unless switched off. */
  readonly flowControl?: FlowControlOptions;
  /** Told what the server's clients of webhooks do, by host. */
  readonly clientObserver?: (host: string) => ClientObserver;
  /** What `/flagz` shows. */
  readonly flagz?: ZPage;
  /** Whether a feature gate is on. Default: as v1.36 has it. */
  readonly isFeatureOn?: (gate: string) => boolean;
  /** Everything else of the server, as it is. */
  readonly more?: Partial<
    Omit<ApiServerOptions, "store" | "clock" | "random" | "log" | "authenticator" | "authorizer">
  >;
}

export interface StandardServer {
  readonly server: ApiServer;
  readonly tokens: ServiceAccountTokens;
  /** Has other authorizers decide from now on. */
  authorizeBy(modes: readonly AuthorizationMode[]): void;
  /** Takes other authorities for client certificates from now on, and publishes them. Rejects what cannot be read. */
  trust(authorities: Authorities): Promise<void>;
  /** A client inside the process that acts as this user. */
  client(user: string, groups?: readonly string[], userAgent?: string): Client;
}

/** The API server as a cluster runs it: upstream's authenticators and authorizers in upstream's order, and its default roles. */
export function createStandardServer(options: StandardServerOptions): StandardServer {
  const { clock, random, more = {}, isFeatureOn = isOnByDefault } = options;
  const objects = new ServerObjects();
  const rbac = new RbacAuthorizer();
  const graph = new NodeGraph();
  const tokens = new ServiceAccountTokens(options.serviceAccounts, options);
  const metrics = more.metrics ?? new MetricsRegistry();
  const live = new LiveObjects({ clock, log: options.log, metrics, client: () => privileged(server) });
  const authentication = standardAuthentication({ ...options, metrics }, tokens, live);
  const { authenticator } = authentication;
  const chain = authorization(options.authorizationModes ?? ["Node", "RBAC"], { rbac, graph, metrics, isFeatureOn });
  const { authorizer, rules } = chain;
  const scheme = more.scheme ?? loadScheme();
  const podOf = (namespace: string, pod: string) => boundPod(server, live, namespace, pod);
  const services = new ServiceAllocation(options.serviceNetwork ?? serviceNetworkDefaults, random, options.log);
  const resolver = serviceResolver(objects, random, options.aggregation?.byEndpoints);
  const caller = new WebhookCaller(resolver, clock, callObserver(metrics, options.clientObserver));
  const catalog = () => server.catalog;
  const admission = admissionOf(options, { objects, authorizer, rbac, caller, catalog, scheme, metrics });
  const flow = flowControl(options, metrics);
  const aggregator = aggregatorOf(options, resolver, objects);
  services.report(metrics);
  addAggregationMetrics(metrics, () => catalog().table);
  const custom = customResources(options, scheme, caller, metrics);
  const server = createApiServer({
    extraDocuments: () => aggregator.documents(customDocuments(custom.current, apiVersionInfo.gitVersion)),
    registrations: aggregator,
    flowControl: flow.flowControl,
    ...(options.audit === undefined ? {} : { audit: createAuditor({ ...options.audit, scheme, clock, metrics }) }),
    ...gatedOptions(options, isFeatureOn),
    ...more,
    metrics,
    strategies: withAdminAccess(services.extend(more.strategies ?? strategiesFor(isFeatureOn), {}), labelsOf(objects)),
    admission: admission.chain,
    store: options.store,
    log: options.log,
    ...{ clock, random, scheme, authenticator, authorizer },
    runtime: more.runtime ?? { nodeVersion: process.version, architecture: process.arch },
    virtual: new Map([
      ...(more.virtual ?? []),
      ...reviews({ scheme, admission: () => server.admission }, { authenticator, authorizer }, rules, tokens, live),
    ]),
    subresources: {
      ...more.subresources,
      "/serviceaccounts/token": tokenRequestHandler(scheme, tokens, live, podOf),
    },
    paths: [...(more.paths ?? []), aggregator.proxy, issuerPaths(tokens, more.advertiseAddress), ...flow.paths],
    startup: [
      initializer([objects, admission], (started, signal) =>
        Promise.all([live.attach(started, rbac, graph, signal), objects.fill(admissionReads)]),
      ),
      custom.step,
      ...systemObjects(options, services),
      ...flow.startup,
      ...extensionServers(authentication, aggregator),
      ...(more.startup ?? []),
    ],
  });
  return {
    server,
    tokens,
    authorizeBy: chain.replace,
    trust: async (authorities) => {
      authentication.trust(authorities);
      await publishAuthentication(privileged(server), authentication.published());
    },
    client: (user, groups = [], userAgent = "k8ts") =>
      createLocalClient(server, { user: { name: user, groups: [...groups, systemGroups.authenticated] }, userAgent }),
  };
}

/** As upstream's server lists them, whatever else it serves. */
const statuszPaths = ["/healthz", "/livez", "/metrics", "/readyz", "/statusz", "/version"];

function gatedOptions(options: StandardServerOptions, isFeatureOn: (gate: string) => boolean) {
  return {
    zPages: zPagesOf(options, isFeatureOn),
    asksCreateForStreams: isFeatureOn("AuthorizePodWebsocketUpgradeCreatePermission"),
  };
}

function zPagesOf({ flagz, clock }: StandardServerOptions, isFeatureOn: (gate: string) => boolean): readonly ZPage[] {
  const flags = flagz !== undefined && isFeatureOn("ComponentFlagz") ? [flagz] : [];
  if (!isFeatureOn("ComponentStatusz")) return flags;
  return [...flags, statuszPage({ component: "apiserver", clock, paths: [...statuszPaths, ...flags.map(zPagePath)] })];
}

/** What extension servers need: how this server knows who asks, and their registrations. */
function extensionServers(authentication: StandardAuthentication, aggregator: Aggregator): readonly StartupStep[] {
  return [
    {
      name: "start-cluster-authentication-info-controller",
      run: (started) => publishAuthentication(privileged(started), authentication.published()),
    },
    {
      name: "apiservice-registration-controller",
      covers: [
        "start-kube-aggregator-informers",
        "apiservice-status-local-available-controller",
        "apiservice-status-remote-available-controller",
        "apiservice-wait-for-first-sync",
        "apiservice-discovery-controller",
        "kube-apiserver-autoregistration",
        "apiservice-openapi-controller",
        "apiservice-openapiv3-controller",
      ],
      run: (started, signal) => aggregator.start(started, privileged(started), signal),
    },
  ];
}

function legacyTokenTracking({ clock, log }: StandardServerOptions): StartupStep {
  return {
    name: "start-legacy-token-tracking-controller",
    run: (started, signal) => {
      const cache = cacheOf(started, "", "configmaps");
      return trackLegacyTokens({ client: privileged(started), cache, clock, log }, signal);
    },
  };
}

function aggregatorOf(options: StandardServerOptions, resolver: ServiceResolver, objects: ServerObjects): Aggregator {
  const { aggregation, clock, log, more } = options;
  const network = aggregation?.network ?? more?.kubelets?.network ?? new RealNetwork();
  const identity = aggregation?.client === undefined ? {} : { client: aggregation.client };
  return new Aggregator({ network, ...identity, resolver, objects, clock, log });
}

/** Of a namespace. */
function labelsOf(objects: ServerObjects): (name: string) => Readonly<Record<string, string>> | undefined {
  return (name) => {
    const namespace = objects.get("", "namespaces", "", name);
    return namespace === undefined ? undefined : (namespace.metadata.labels ?? {});
  };
}

const admissionInitializer = "start-apiserver-admission-initializer";

/** Before all else: what admission and authorization look up. */
function initializer(
  parts: readonly { attach(server: ApiServer): void }[],
  fill: (server: ApiServer, signal: AbortSignal) => Promise<unknown>,
): StartupStep {
  return {
    name: admissionInitializer,
    covers: ["generic-apiserver-start-informers", "storage-readiness"],
    async run(started, signal) {
      for (const part of parts) part.attach(started);
      await fill(started, signal);
    },
  };
}

function flowControl({ flowControl = {}, clock, log, more = {} }: StandardServerOptions, metrics: MetricsRegistry) {
  const requestTimeoutMs = more.requestTimeoutMs ?? 60_000;
  return installFlowControl(flowControl, { clock, log, metrics, requestTimeoutMs, clientOf: privileged });
}

type Version = Parameters<typeof rulesOf>[0];

/** What the definitions add to the API; nothing before the server has started. */
function customResources(
  { clock, log, random }: StandardServerOptions,
  scheme: Scheme,
  caller: WebhookCaller,
  metrics: MetricsRegistry,
) {
  const times = ruleTimes(metrics);
  let resources: CustomResources | undefined;
  const step: StartupStep = {
    name: "start-apiextensions-controllers",
    covers: ["start-apiextensions-informers", "crd-informer-synced"],
    run: (server, signal) => {
      const converterOf = webhookConversion(
        (address, body, timeoutMs) => caller.post(address, body, timeoutMs, signal),
        random,
      );
      const inputs = { scheme, rulesOf: (version: Version) => rulesOf(version, { clock, times }), converterOf };
      resources = new CustomResources({ server, client: privileged(server), clock, log, inputs });
      return resources.start(signal);
    },
  };
  return { step, current: () => resources };
}

function reviews(
  inputs: ReviewInputs,
  { authenticator, authorizer }: { authenticator: Authenticator; authorizer: Authorizer },
  rules: RuleResolver,
  tokens: ServiceAccountTokens,
  live: LiveObjects,
) {
  return [
    ...accessReviews(inputs, authorizer, rules),
    ...authenticationReviews(inputs, tokenChecker(authenticator, tokens, live)),
  ];
}

interface AdmissionParts {
  readonly objects: ServerObjects;
  readonly authorizer: Authorizer;
  readonly rbac: RbacAuthorizer;
  readonly caller: WebhookCaller;
  readonly catalog: () => ApiServer["catalog"];
  readonly scheme: Scheme;
  readonly metrics: MetricsRegistry;
}

/** The built-in plug-ins, and what users configure by objects: policies, then webhooks, mutating ones first. */
function admissionOf(options: StandardServerOptions, parts: AdmissionParts) {
  const { clock, random, more = {} } = options;
  const { objects, authorizer, rbac, caller } = parts;
  const equivalents = new EquivalentVersions();
  const params = new PolicyParams();
  const codecOf = (variant: Variant) => admissionCodec(parts, variant);
  const hooks = {
    ...{ objects, caller, equivalents, clock, random, codecOf },
    conditions: conditionMatcher(authorizer),
    metrics: webhookMetrics(parts.metrics),
  };
  const policies = {
    ...{ objects, authorizer, equivalents, params, codecOf, clock },
    metrics: policyMetrics(parts.metrics),
  };
  const { mutatingCredentials, validatingCredentials } = options.admissionSettings ?? {};
  const dynamic = [
    ...[mutatingPolicies(policies), mutatingWebhooks({ ...hooks, caller: caller.with(mutatingCredentials) })],
    ...[validatingPolicies(policies), validatingWebhooks({ ...hooks, caller: caller.with(validatingCredentials) })],
  ];
  const plugins =
    more.admission ??
    admissionPlugins({
      ...{ objects, authorizer, clock, random, dynamic },
      ...(options.admissionSettings === undefined ? {} : { settings: options.admissionSettings }),
    });
  return {
    chain: [rbacEscalation(rbac, authorizer), ...selectPlugins(plugins, options.admissionPlugins, options.isFeatureOn)],
    attach({ catalog: { table } }: ApiServer): void {
      equivalents.attach(table);
      params.attach(table);
    },
  };
}

/** Of the object itself, or of the kind that stands for it in a subresource. */
function admissionCodec({ catalog, scheme }: AdmissionParts, { kind, resource }: Variant) {
  const descriptor = catalog().table.get(resource.group, resource.version, resource.resource)?.descriptor;
  if (descriptor?.gvk.kind === kind.kind && descriptor.gvk.group === kind.group) return descriptor.codec;
  return scheme.schema(kind) === undefined ? undefined : scheme.codec<KubeObject>(kind);
}

const defaultFeatures = new Features();
const isOnByDefault = (gate: string): boolean => defaultFeatures.enabled(gate);

/** The objects that a cluster has from its start. */
function systemObjects(options: StandardServerOptions, services: ServiceAllocation): readonly StartupStep[] {
  return [
    { name: "start-system-namespaces-controller", run: (started) => ensureSystemNamespaces(privileged(started)) },
    {
      name: "start-service-ip-repair-controllers",
      covers: ["start-kubernetes-service-cidr-controller"],
      run: (started, signal) => services.start(started, privileged(started), signal),
    },
    legacyTokenTracking(options),
    publishing(options, services),
    {
      name: "rbac/bootstrap-roles",
      run: (started) => ensureBootstrapRoles(privileged(started), options.isFeatureOn ?? isOnByDefault),
    },
    {
      name: "scheduling/bootstrap-system-priority-classes",
      run: (started) => ensureSystemPriorityClasses(privileged(started)),
    },
  ];
}

/** The Service `kubernetes` and its endpoints: this server, or all that share the store. */
function publishing({ advertise, store, clock, log }: StandardServerOptions, services: ServiceAllocation): StartupStep {
  const name = "bootstrap-controller";
  const family = services.families[0];
  if (advertise === undefined || family === undefined) return { name, run: async () => {} };
  const { address, port, shared = false } = advertise;
  const publish = (server: ApiServer, addresses: readonly string[]) =>
    ensureKubernetesService(privileged(server), {
      addresses,
      port,
      clusterIp: services.apiServerAddress,
      family,
      clock,
    });
  if (!shared) return { name, run: (server) => publish(server, [address]) };
  let leases: ServerLeases | undefined;
  return {
    name,
    run: (server, signal) => {
      leases = new ServerLeases({ store, clock, log, address, publish: (addresses) => publish(server, addresses) });
      return leases.start(signal);
    },
    stop: async () => leases?.stop(),
  };
}

/** The server's own client, for start-up steps. Upstream: the loopback client. */
function privileged(server: ApiServer): Client {
  const user = { name: "system:apiserver", groups: [systemGroups.masters, systemGroups.authenticated] };
  return createLocalClient(server, { user, userAgent: "kube-apiserver" });
}

/** Service account tokens are checked for the audiences asked for; other tokens know nothing of audiences. */
function tokenChecker(authenticator: Authenticator, tokens: ServiceAccountTokens, live: LiveObjects): TokenChecker {
  const chain = checkByChain(authenticator);
  return async (token, audiences, signal) => {
    const result = await tokens.verify(token, live, audiences?.length ? audiences : tokens.audiences);
    if (result.type === "authenticated")
      return { ...result, user: { ...result.user, groups: [...result.user.groups, systemGroups.authenticated] } };
    return result.type === "rejected" ? result : chain(token, audiences, signal);
  };
}

function boundPod(server: ApiServer, live: LiveObjects, namespace: string, pod: string): BoundPod | undefined {
  const cache = server.catalog.table.get("", "v1", "pods")?.registry.cache;
  const found = cache?.get(`${cache.prefix}${namespace}/${pod}`)?.object as Pod | undefined;
  if (found === undefined) return undefined;
  const { serviceAccountName = "", nodeName = "" } = found.spec ?? {};
  if (nodeName === "") return { serviceAccountName };
  return { serviceAccountName, node: { name: nodeName, uid: live.find("nodes", "", nodeName)?.uid ?? "" } };
}

const mediaKeySet = "application/jwk-set+json";

/** OpenID discovery of the token issuer; its keys are found where this server is, whatever the issuer is called. */
function issuerPaths(tokens: ServiceAccountTokens, address: string | undefined): PathHandler {
  const origin = address === undefined ? tokens.issuer : `https://${address}`;
  return {
    handle(request) {
      const path = request.target.split("?")[0];
      if (path === "/.well-known/openid-configuration") {
        checkProduced(headerText(request, "accept"), [mediaJson]);
        return jsonReply(200, tokens.discovery(`${origin}/openid/v1/jwks`));
      }
      if (path !== "/openid/v1/jwks") return undefined;
      checkProduced(headerText(request, "accept"), [mediaKeySet]);
      return tokens.jwks().then((keys) => bytesReply(200, mediaKeySet, Buffer.from(JSON.stringify(keys))));
    },
  };
}
