import { isIP } from "node:net";
import { pluginNames, selectionProblems } from "../../../apiserver/index.ts";
import { messageOf } from "../../../base/index.ts";
import { checkFeatureGates, FlagError } from "../../../component/index.ts";
import { checkAudit } from "./audit-flags.ts";
import { checkTokens } from "./token-flags.ts";
import { checkAuthorization } from "./authorization-flags.ts";
import type { ApiserverFlags } from "./flags.ts";

/** What upstream refuses before it starts, all at once and in its words. */
export function checkFlags(flags: ApiserverFlags): void {
  const problems = [
    ...checkStore(flags),
    ...checkServing(flags),
    ...checkAccess(flags),
    ...checkAuthorization(flags),
    ...checkTokens(flags),
    ...checkAudit(flags),
    ...checkFeatureGates(flags["feature-gates"]),
    ...checkAdmission(flags),
    ...flags["cors-allowed-origins"].flatMap(originProblems),
  ];
  if (problems.length === 1) throw new FlagError(problems[0] ?? "");
  if (problems.length > 1) throw new FlagError(`[${problems.join(", ")}]`);
}

/** Upstream: `validateCorsAllowedOriginList`. A pattern that fits the middle of a name fits names of others. */
function originProblems(pattern: string): readonly string[] {
  if (pattern === "") return ["empty value in --cors-allowed-origins"];
  const problem = (why: string) => [`--cors-allowed-origins has an invalid regular expression: ${why}`];
  try {
    new RegExp(pattern);
  } catch (error) {
    return problem(messageOf(error));
  }
  if (/\^|\/\//.test(pattern) && /[$:]/.test(pattern)) return [];
  return problem("regular expression does not pin to start/end of host in the origin header");
}

function checkAdmission(flags: ApiserverFlags): readonly string[] {
  const all = flags["admission-control"];
  const selection = { enable: flags["enable-admission-plugins"], disable: flags["disable-admission-plugins"] };
  const both = all.length > 0 && (selection.enable.length > 0 || selection.disable.length > 0);
  return [
    ...(both
      ? ["admission-control and enable-admission-plugins/disable-admission-plugins flags are mutually exclusive"]
      : []),
    ...all
      .filter((name) => !pluginNames.includes(name))
      .map((name) => `admission-control plugin ${JSON.stringify(name)} is unknown`),
    ...selectionProblems(selection),
  ];
}

function checkStore(flags: ApiserverFlags): readonly string[] {
  const problems: string[] = [];
  if (flags["etcd-servers"].length === 0) problems.push("--etcd-servers must be specified");
  for (const url of flags["etcd-servers"]) {
    if (!/^https?:\/\/[^/]+\/?$/.test(url)) problems.push(`--etcd-servers ${JSON.stringify(url)} is not a URL`);
  }
  if ((flags["etcd-certfile"] === "") !== (flags["etcd-keyfile"] === "")) {
    problems.push("--etcd-certfile and --etcd-keyfile must be given together");
  }
  return problems;
}

function checkServing(flags: ApiserverFlags): readonly string[] {
  const problems: string[] = [];
  const port = flags["secure-port"];
  if (port < 1 || port > 65_535) {
    problems.push(`--secure-port ${port} must be between 1 and 65535, inclusive. It cannot be turned off with 0`);
  }
  for (const name of ["bind-address", "advertise-address"] as const) {
    const address = flags[name];
    if (address !== "" && isIP(address) === 0)
      problems.push(`--${name} ${JSON.stringify(address)} is not an IP address`);
  }
  if ((flags["tls-cert-file"] === "") !== (flags["tls-private-key-file"] === "")) {
    problems.push("--tls-cert-file and --tls-private-key-file must be given together");
  }
  const chance = flags["goaway-chance"];
  if (chance < 0 || chance > 0.02) problems.push("--goaway-chance can not be less than 0 or greater than 0.02");
  for (const name of ["max-requests-inflight", "max-mutating-requests-inflight", "min-request-timeout"] as const) {
    if (flags[name] < 0) problems.push(`--${name} can not be negative value`);
  }
  if (flags["request-timeout"] < 0) problems.push("--request-timeout can not be negative value");
  if (
    flags["enable-priority-and-fairness"] &&
    flags["max-requests-inflight"] + flags["max-mutating-requests-inflight"] <= 0
  ) {
    problems.push(
      `--max-requests-inflight and --max-mutating-requests-inflight must add up to a positive value, got ${flags["max-requests-inflight"]} and ${flags["max-mutating-requests-inflight"]}`,
    );
  }
  return problems;
}

function checkAccess(flags: ApiserverFlags): readonly string[] {
  const problems: string[] = [];
  if (flags["service-account-issuer"].length === 0) {
    problems.push("service-account-issuer is a required flag");
  }
  if (flags["service-account-signing-key-file"] === "") {
    problems.push("service-account-signing-key-file is a required flag");
  }
  if (flags["service-account-key-file"].length === 0) problems.push("service-account-key-file is a required flag");
  if ((flags["kubelet-client-certificate"] === "") !== (flags["kubelet-client-key"] === "")) {
    problems.push("--kubelet-client-certificate and --kubelet-client-key must be given together");
  }
  return problems;
}
