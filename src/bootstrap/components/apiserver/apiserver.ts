import {
  type ComponentProbe,
  httpsProbe,
  type AuthorizationMode,
  createStandardServer,
  handshakeErrors,
  type HttpServer,
  listenHttp,
  withCors,
  type StandardServer,
} from "../../../apiserver/index.ts";
import {
  type Command,
  type CommandContext,
  createScope,
  type Log,
  type Platform,
  type Scope,
} from "../../../base/index.ts";
import {
  componentCommand,
  createComponentLog,
  Features,
  flagzPage,
  FlagError,
  HelpRequested,
  MetricsRegistry,
  parseFlags,
  restClientMetrics,
} from "../../../component/index.ts";
import { connectEtcdStore, type Store } from "../../../storage/index.ts";
import { type Audit, auditOf } from "./audit.ts";
import { authorizationSource } from "./authorization.ts";
import { type TokenAuthentication, tokenAuthentication } from "./authentication.ts";
import { checkFlags } from "./check-flags.ts";
import { type ApiserverFlags, apiserverFlags, flagGroups } from "./flags.ts";
import { reloadAuthorities, reloadConfigurations } from "./reload.ts";
import { keepRenewed } from "./renewal.ts";
import { applyRuntimeConfig } from "./runtime-config.ts";
import { readIdentity, servingFiles } from "./serving-certificate.ts";
import { serverSettings } from "./settings.ts";
import type { Outgoing } from "./webhook-client.ts";

const closeGraceMs = 5_000;

const help = {
  command: "k8ts apiserver",
  about: "The API server: serves, checks and stores the objects of a cluster; everything else talks to it.",
  groups: flagGroups,
};

/** `k8ts apiserver`: the API server alone, over etcd, with upstream's flags. */
export const apiserver: Command = (args, context) =>
  componentCommand(help, context, async () => {
    const { values, warnings, positional } = parseFlags(apiserverFlags, args);
    if (values.help) throw new HelpRequested();
    if (positional[0] !== undefined) throw new FlagError(`unknown command ${JSON.stringify(positional[0])}`);
    checkFlags(values);
    for (const warning of warnings) context.stderr.write(`${warning}\n`);
    await run(values, context);
  });

async function run(flags: ApiserverFlags, { platform, signal }: CommandContext): Promise<void> {
  const log = createComponentLog("apiserver", flags, platform.clock);
  const metrics = new MetricsRegistry();
  const features = Features.parse(flags["feature-gates"]);
  features.report(metrics);
  const outgoing = { platform, observer: restClientMetrics(metrics) };
  // What files say is read before anything is opened: mistakes in them leave nothing behind.
  const modesNow = authorizationSource(outgoing, flags, metrics);
  const modes = await modesNow();
  const tokens = await tokenAuthentication(outgoing, flags, flags["api-audiences"]);
  const audit = await auditOf(outgoing, log, flags, metrics);
  const store = await openEtcd(platform, flags);
  const auditing = createScope();
  for (const backend of audit?.backends ?? []) auditing.start(backend.name, (own) => backend.run(own));
  try {
    const parts = { store, metrics, audit, features, modes, tokens };
    const standard = await createServer(outgoing, log, flags, parts);
    const serving = createScope();
    const http = await listen(platform, log, flags, standard, { serving, metrics });
    const take = {
      authentication: () => tokens.reload(),
      authorization: async () => standard.authorizeBy(await modesNow()),
    };
    reloadConfigurations(serving, platform, flags, { log, metrics, take });
    const authorities = {
      clientCa: flags["client-ca-file"],
      requestHeaderCa: flags["requestheader-client-ca-file"],
    };
    serving.start("authorities", (own) => reloadAuthorities(platform, authorities, { log, standard }, own));
    try {
      await standard.server.run(signal);
    } finally {
      await serving.close();
      await http.close(closeGraceMs);
    }
  } finally {
    await auditing.close();
    await store.close();
  }
}

async function openEtcd({ clock, disk }: Platform, flags: ApiserverFlags): Promise<Store> {
  const read = async (path: string) => (path === "" ? undefined : disk.read(path));
  const [certificateAuthority, certificate, key] = await Promise.all([
    read(flags["etcd-cafile"]),
    read(flags["etcd-certfile"]),
    read(flags["etcd-keyfile"]),
  ]);
  const client = certificate === undefined || key === undefined ? {} : { certificate, key };
  return connectEtcdStore({
    clock,
    endpoints: flags["etcd-servers"],
    compactionIntervalMs: flags["etcd-compaction-interval"],
    ...(certificateAuthority === undefined ? {} : { tls: { certificateAuthority, ...client } }),
  });
}

/** Where upstream looks for the other components of a control plane: on this machine, at their usual ports. */
function usualComponents({ network, clock }: Platform): Readonly<Record<string, ComponentProbe>> {
  return {
    scheduler: httpsProbe(network, clock, 10_259),
    "controller-manager": httpsProbe(network, clock, 10_257),
  };
}

interface ServerParts {
  readonly store: Store;
  readonly metrics: MetricsRegistry;
  readonly audit: Audit | undefined;
  readonly features: Features;
  readonly modes: readonly AuthorizationMode[];
  readonly tokens: TokenAuthentication;
}

async function createServer(
  outgoing: Outgoing,
  log: Log,
  flags: ApiserverFlags,
  { store, metrics, audit, features, modes, tokens }: ServerParts,
): Promise<StandardServer> {
  const settings = await serverSettings(outgoing, flags, modes, tokens);
  const standard = createStandardServer({
    ...outgoing.platform,
    log,
    store,
    ...settings,
    clientObserver: outgoing.observer,
    ...(audit === undefined ? {} : { audit }),
    flagz: flagzPage("apiserver", apiserverFlags, flags),
    isFeatureOn: (gate) => features.enabled(gate),
    more: { ...settings.more, metrics, components: usualComponents(outgoing.platform) },
  });
  applyRuntimeConfig(standard.server, flags["runtime-config"]);
  return standard;
}

/** Listens, and takes a renewed certificate as soon as its files change. */
async function listen(
  platform: Platform,
  log: Log,
  flags: ApiserverFlags,
  { server }: StandardServer,
  { serving, metrics }: { readonly serving: Scope; readonly metrics: MetricsRegistry },
): Promise<HttpServer> {
  const { disk, random } = platform;
  const advertised = flags["advertise-address"];
  const files = await servingFiles(platform, flags, advertised === "" ? [] : [advertised]);
  const caFiles = [flags["client-ca-file"], flags["requestheader-client-ca-file"]].filter((path) => path !== "");
  const read = async () => {
    const texts = await Promise.all(caFiles.map((path) => disk.readText(path)));
    return readIdentity(platform, files, texts.length === 0 ? undefined : texts.join("\n"));
  };
  const chance = flags["goaway-chance"];
  const tls = await read();
  const http = await listenHttp({
    host: flags["bind-address"],
    port: flags["secure-port"],
    tls,
    handler: withCors(
      server.handler,
      flags["cors-allowed-origins"].map((pattern) => new RegExp(pattern)),
    ),
    onHandshakeError: handshakeErrors(metrics),
    ...(chance === 0 ? {} : { goaway: () => random.next() < chance }),
  });
  const renewal = { log, files: [files.certificate, files.key, ...caFiles], read, current: tls, servers: [http] };
  serving.start("certificates", (signal) => keepRenewed(platform, renewal, signal));
  log.info("serving", { address: flags["bind-address"], port: http.port });
  return http;
}
