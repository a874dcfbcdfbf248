import type { Ingress, networkingV1 } from "../../../api/index.ts";
import {
  type FieldPath,
  fieldPath,
  invalid,
  isDns1123Subdomain,
  isValidPortName,
  isValidPortNumber,
  isWildcardDns1123Subdomain,
  nameIsDnsLabel,
  nameIsDnsSubdomain,
  notSupported,
  parseIpAddress,
  required,
  validateLegacyIp,
  warningsForIp,
} from "../../../apimachinery/index.ts";
import { addMessages, checkEach, checkObjectName, type Errors } from "../common/check.ts";
import { collect, specAndStatus, statusOnly } from "../common/lifecycle.ts";
import { ageColumn, defineTable, nameColumn, none, text } from "../common/table.ts";
import type { Strategy } from "../contract.ts";
import { checkComparedPath, checkReference } from "./paths.ts";

const specPath = fieldPath("spec");
const classAnnotation = "kubernetes.io/ingress.class";
const noAddress = "must be a DNS name, not an IP address";

/** What an older server let in, and updates may therefore keep. */
interface Leniency {
  readonly secretNames: boolean;
  readonly wildcardRules: boolean;
}

const strict: Leniency = { secretNames: false, wildcardRules: false };

export const ingressStrategy: Strategy<Ingress> = {
  ...specAndStatus<Ingress>(),
  validate: ({ spec = {}, metadata }) =>
    collect((errors) => {
      checkSpec(spec, strict, errors);
      const annotation = metadata.annotations?.[classAnnotation];
      if (annotation === undefined || spec.ingressClassName === undefined || annotation === spec.ingressClassName)
        return;
      const why = "must match `ingressClassName` when both are specified";
      errors.push(invalid(fieldPath("annotations", classAnnotation), annotation, why));
    }),
  validateUpdate: ({ spec = {} }, old) => collect((errors) => checkSpec(spec, leniency(old), errors)),
  warningsOnCreate: ({ metadata, spec }) =>
    metadata.annotations?.[classAnnotation] === undefined || spec?.ingressClassName !== undefined
      ? []
      : [`annotation "${classAnnotation}" is deprecated, please use 'spec.ingressClassName' instead`],
  allowUnconditionalUpdate: true,
  status: {
    ...statusOnly<Ingress>(checkStatus),
    warningsOnUpdate: ({ status }) => addressWarnings(status?.loadBalancer?.ingress ?? []),
  },
  table: defineTable([
    nameColumn,
    text("Class", "Who serves it.", ({ spec }) => spec?.ingressClassName ?? "<none>"),
    text("Hosts", "The host names it is for.", ({ spec }) => hostsText(spec?.rules ?? [])),
    text("Address", "Where it is reached.", ({ status }) => {
      const given = (status?.loadBalancer?.ingress ?? []).map(({ ip = "", hostname = "" }) => ip || hostname);
      return [...new Set(given)]
        .filter((one) => one !== "")
        .sort()
        .join(",");
    }),
    text("Ports", "Its ports.", ({ spec }) => ((spec?.tls ?? []).length > 0 ? "80, 443" : "80")),
    ageColumn,
  ]),
};

function addressWarnings(addresses: readonly { readonly ip?: string }[]): readonly string[] {
  const path = fieldPath("status", "loadBalancer", "ingress");
  return addresses.flatMap(({ ip = "" }, index) => (ip === "" ? [] : warningsForIp(ip, path.index(index))));
}

function hostsText(rules: readonly networkingV1.IngressRule[]): string {
  const shown: string[] = [];
  let more = false;
  for (const { host = "" } of rules) {
    if (shown.length === 3) more = true;
    else if (host !== "") shown.push(host);
  }
  if (shown.length === 0) return "*";
  return more ? `${shown.join(",")} + ${rules.length - 3} more...` : none(shown.join(","));
}

function leniency({ spec }: Ingress): Leniency {
  const secretNames = (spec?.tls ?? []).some(({ secretName = "" }) => {
    return secretName !== "" && nameIsDnsSubdomain(secretName, false).length > 0;
  });
  const wildcardRules = (spec?.rules ?? []).some((rule) => {
    const errors: Errors = [];
    if ((rule.host ?? "").includes("*")) checkRuleValue(rule, specPath, errors);
    return errors.length > 0;
  });
  return { secretNames, wildcardRules };
}

function checkSpec(spec: Ingress["spec"], lenient: Leniency, errors: Errors): void {
  const { rules = [], defaultBackend, tls, ingressClassName } = spec;
  if (rules.length === 0 && defaultBackend === undefined) {
    errors.push(invalid(specPath, spec.rules ?? null, "either `defaultBackend` or `rules` must be specified"));
  }
  if (defaultBackend !== undefined) checkBackend(defaultBackend, specPath.child("defaultBackend"), errors);
  checkEach(rules, specPath.child("rules"), errors, (rule, path) => {
    checkHost(rule.host ?? "", path.child("host"), errors);
    if (!(rule.host ?? "").includes("*") || !lenient.wildcardRules) checkRuleValue(rule, path, errors);
  });
  checkEach(tls, specPath.child("tls"), errors, ({ hosts, secretName = "" }, path) => {
    checkEach(hosts, path.child("hosts"), errors, checkName);
    if (secretName !== "" && !lenient.secretNames) checkObjectName(secretName, path.child("secretName"), errors);
  });
  if (ingressClassName !== undefined) checkObjectName(ingressClassName, specPath.child("ingressClassName"), errors);
}

function checkHost(host: string, path: FieldPath, errors: Errors): void {
  if (host === "") return;
  if (parseIpAddress(host) !== undefined) errors.push(invalid(path, host, noAddress));
  checkName(host, path, errors);
}

function checkName(host: string, path: FieldPath, errors: Errors): void {
  addMessages(host.includes("*") ? isWildcardDns1123Subdomain(host) : isDns1123Subdomain(host), host, path, errors);
}

function checkRuleValue({ http }: networkingV1.IngressRule, path: FieldPath, errors: Errors): void {
  if (http === undefined) return;
  const at = path.child("http").child("paths");
  if ((http.paths ?? []).length === 0) errors.push(required(at));
  checkEach(http.paths, at, errors, checkPath);
}

function checkPath(rule: networkingV1.HTTPIngressPath, path: FieldPath, errors: Errors): void {
  const { pathType, path: value = "" } = rule;
  if (pathType === undefined) {
    errors.push(required(path.child("pathType"), "pathType must be specified"));
    return;
  }
  const at = path.child("path");
  if (pathType === "Exact" || pathType === "Prefix") checkComparedPath(value, at, errors);
  else if (pathType !== "ImplementationSpecific") {
    const types = ["Exact", "ImplementationSpecific", "Prefix"];
    errors.push(notSupported(path.child("pathType"), pathType, types));
  } else if (value !== "" && !value.startsWith("/")) errors.push(invalid(at, value, "must be an absolute path"));
  checkBackend(rule.backend, path.child("backend"), errors);
}

function checkBackend(backend: networkingV1.IngressBackend | undefined, path: FieldPath, errors: Errors): void {
  const { resource, service } = backend ?? {};
  if (resource !== undefined && service !== undefined) {
    errors.push(invalid(path, "", "cannot set both resource and service backends"));
  } else if (resource !== undefined) checkReference(resource, path.child("resource"), errors);
  else if (service !== undefined) checkServiceBackend(service, path, errors);
  else errors.push(invalid(path, "", "resource or service backend is required"));
}

function checkServiceBackend(
  { name, port = {} }: networkingV1.IngressServiceBackend,
  path: FieldPath,
  errors: Errors,
): void {
  const at = path.child("service");
  if (name === "") errors.push(required(at.child("name")));
  else addMessages(nameIsDnsLabel(name, false), name, at.child("name"), errors);
  const { name: portName = "", number = 0 } = port;
  if (portName !== "" && number !== 0) errors.push(invalid(path, "", "cannot set both port name & port number"));
  else if (portName !== "") addMessages(isValidPortName(portName), portName, at.child("port").child("name"), errors);
  else if (number !== 0) addMessages(isValidPortNumber(number), number, at.child("port").child("number"), errors);
  else errors.push(required(path, "port name or number is required"));
}

function checkStatus({ status }: Ingress, old: Ingress, errors: Errors): void {
  const before = (old.status?.loadBalancer?.ingress ?? []).map(({ ip = "" }) => ip);
  const path = fieldPath("status", "loadBalancer", "ingress");
  checkEach(status?.loadBalancer?.ingress, path, errors, ({ ip = "", hostname = "" }, at) => {
    if (ip !== "") validateLegacyIp(ip, at.child("ip"), errors, before);
    if (hostname === "") return;
    addMessages(isDns1123Subdomain(hostname), hostname, at.child("hostname"), errors);
    if (parseIpAddress(hostname) !== undefined) errors.push(invalid(at.child("hostname"), hostname, noAddress));
  });
}
