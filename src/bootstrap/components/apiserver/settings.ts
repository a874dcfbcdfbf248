import {
  type AuthorizationMode,
  type KubeletCredentials,
  pluginNames,
  type PluginSelection,
  readAdmissionSettings,
  type StandardServerOptions,
  tokenFileAuthenticator,
} from "../../../apiserver/index.ts";
import type { Platform } from "../../../base/index.ts";
import { FlagError, pemBlocks } from "../../../component/index.ts";
import { machineAddress } from "../../cluster/addresses.ts";
import type { TokenAuthentication } from "./authentication.ts";
import type { ApiserverFlags } from "./flags.ts";
import type { Outgoing } from "./webhook-client.ts";

/** What of the server's options comes from flags and the files that they name. */
export type ServerSettings = Pick<
  StandardServerOptions,
  | "clientCa"
  | "requestHeader"
  | "serviceAccounts"
  | "authorizationModes"
  | "anonymous"
  | "authenticators"
  | "serviceNetwork"
  | "advertise"
  | "flowControl"
  | "admissionPlugins"
  | "admissionSettings"
  | "aggregation"
  | "more"
>;

export async function serverSettings(
  outgoing: Outgoing,
  flags: ApiserverFlags,
  modes: readonly AuthorizationMode[],
  tokens: TokenAuthentication,
): Promise<ServerSettings> {
  const { platform } = outgoing;
  const read = (path: string): Promise<string> => platform.disk.readText(path);
  const fixed = flags["token-auth-file"] === "" ? [] : [tokenFileAuthenticator(await read(flags["token-auth-file"]))];
  const clientCa = flags["client-ca-file"] === "" ? undefined : await read(flags["client-ca-file"]);
  const requestHeader = await requestHeaderOf(flags, read);
  const address = advertisedAddress(flags);
  const port = flags["secure-port"];
  return {
    ...(clientCa === undefined ? {} : { clientCa }),
    ...(requestHeader === undefined ? {} : { requestHeader }),
    serviceAccounts: {
      signingKey: await read(flags["service-account-signing-key-file"]),
      verificationKeys: (await Promise.all(flags["service-account-key-file"].map(read))).flatMap(keysOf),
      issuers: flags["service-account-issuer"],
      audiences: flags["api-audiences"],
    },
    authorizationModes: modes,
    // Upstream's rule: nobody may be nobody where everybody may do anything.
    anonymous: !modes.includes("AlwaysAllow") && (tokens.anonymous ?? flags["anonymous-auth"]),
    authenticators: [...fixed, ...tokens.authenticators],
    serviceNetwork: {
      serviceCidrs: flags["service-cluster-ip-range"].split(",").map((range) => range.trim()),
      nodePorts: portRange(flags["service-node-port-range"]),
    },
    advertise: { address, port, shared: flags["endpoint-reconciler-type"] === "lease" },
    flowControl: {
      fair: flags["enable-priority-and-fairness"],
      reading: flags["max-requests-inflight"],
      mutating: flags["max-mutating-requests-inflight"],
    },
    aggregation: {
      network: platform.network,
      ...(await proxyClient(flags, read)),
      byEndpoints: flags["enable-aggregator-routing"],
    },
    ...(await admissionOf(flags, platform)),
    more: {
      advertiseAddress: `${address.includes(":") ? `[${address}]` : address}:${port}`,
      requestTimeoutMs: flags["request-timeout"],
      watchTimeoutMs: flags["min-request-timeout"] * 1000,
      shutdownDelayMs: flags["shutdown-delay-duration"],
      kubelets: { network: platform.network, ...(await kubeletCredentials(flags, read)) },
    },
  };
}

function advertisedAddress(flags: ApiserverFlags): string {
  if (flags["advertise-address"] !== "") return flags["advertise-address"];
  const bound = flags["bind-address"];
  return bound === "0.0.0.0" || bound === "::" || bound === "" ? (machineAddress() ?? "127.0.0.1") : bound;
}

async function requestHeaderOf(flags: ApiserverFlags, read: (path: string) => Promise<string>) {
  const file = flags["requestheader-client-ca-file"];
  if (file === "") return undefined;
  return {
    ca: await read(file),
    allowedNames: flags["requestheader-allowed-names"],
    usernameHeaders: flags["requestheader-username-headers"],
    groupHeaders: flags["requestheader-group-headers"],
    extraHeaderPrefixes: flags["requestheader-extra-headers-prefix"],
    uidHeaders: flags["requestheader-uid-headers"],
  };
}

async function kubeletCredentials(
  flags: ApiserverFlags,
  read: (path: string) => Promise<string>,
): Promise<{ readonly credentials?: KubeletCredentials }> {
  const file = flags["kubelet-client-certificate"];
  if (file === "") return {};
  const ca = flags["kubelet-certificate-authority"];
  const [certificate, key] = await Promise.all([read(file), read(flags["kubelet-client-key"])]);
  return { credentials: { certificate, key, ...(ca === "" ? {} : { ca: await read(ca) }) } };
}

async function proxyClient(flags: ApiserverFlags, read: (path: string) => Promise<string>) {
  const [certificate, key] = [flags["proxy-client-cert-file"], flags["proxy-client-key-file"]];
  if (certificate === "" || key === "") return {};
  return { client: { certificate: await read(certificate), key: await read(key) } };
}

/** `30000-32767` or `30000+2767`. */
function portRange(text: string): { readonly first: number; readonly last: number } {
  const [, start = "", sign = "", end = ""] = /^(\d+)([-+])(\d+)$/.exec(text) ?? [];
  const first = Number(start);
  const last = sign === "+" ? first + Number(end) : Number(end);
  if (start === "" || last < first || last > 65_535) {
    throw new FlagError(
      `invalid argument ${JSON.stringify(text)} for "--service-node-port-range" flag: ${JSON.stringify(text)} is not a valid port range`,
    );
  }
  return { first, last };
}

/** Every key of a file; certificates count by their public key. */
function keysOf(pem: string): readonly string[] {
  return pemBlocks(pem).map(({ text }) => text);
}

/** Which plug-ins run. `--admission-control` names all of them, the other two flags say how they differ from the usual ones. */
export function selectionOf(flags: ApiserverFlags): PluginSelection {
  const all = flags["admission-control"];
  if (all.length > 0) return { enable: all, disable: pluginNames.filter((name) => !all.includes(name)) };
  return { enable: flags["enable-admission-plugins"], disable: flags["disable-admission-plugins"] };
}

async function admissionOf(flags: ApiserverFlags, platform: Platform) {
  const path = flags["admission-control-config-file"];
  const admissionPlugins = selectionOf(flags);
  const tolerationSeconds = {
    notReady: flags["default-not-ready-toleration-seconds"],
    unreachable: flags["default-unreachable-toleration-seconds"],
  };
  const configured = await readAdmissionSettings(path, admissionPlugins, platform);
  return { admissionPlugins, admissionSettings: { ...configured, tolerationSeconds } };
}
