import type { NetworkPolicy, networkingV1 } from "../../../api/index.ts";
import {
  type FieldPath,
  fieldPath,
  forbidden,
  formatLabelSelector,
  invalid,
  isValidPortName,
  isValidPortNumber,
  labelSelectorHasInvalidValue,
  notSupported,
  parseIpPrefix,
  prefixContains,
  required,
  validateLabelSelector,
  validateLegacyCidr,
  warningsForCidr,
} from "../../../apimachinery/index.ts";
import { addMessages, checkEach, type Errors } from "../common/check.ts";
import { collect, specAndStatus } from "../common/lifecycle.ts";
import { ageColumn, defineTable, nameColumn, text } from "../common/table.ts";
import type { Strategy } from "../contract.ts";

const specPath = fieldPath("spec");

export const networkPolicyStrategy: Strategy<NetworkPolicy> = {
  ...specAndStatus<NetworkPolicy>(),
  validate: ({ spec = {} }) => collect((errors) => checkSpec(spec, false, errors)),
  validateUpdate: ({ spec = {} }, old) =>
    collect((errors) => checkSpec(spec, labelSelectorHasInvalidValue(old.spec?.podSelector), errors)),
  warningsOnCreate: blockWarnings,
  warningsOnUpdate: blockWarnings,
  allowUnconditionalUpdate: true,
  table: defineTable([
    nameColumn,
    text("Pod-Selector", "Which pods it is for.", ({ spec }) => formatLabelSelector(spec?.podSelector)),
    ageColumn,
  ]),
};

function blockWarnings({ spec }: NetworkPolicy): readonly string[] {
  const { ingress = [], egress = [] } = spec ?? {};
  const ofPeers = (peers: readonly networkingV1.NetworkPolicyPeer[] | undefined, path: FieldPath) =>
    (peers ?? []).flatMap(({ ipBlock }, index) => {
      if (ipBlock === undefined) return [];
      const at = path.index(index).child("ipBlock");
      const { cidr, except = [] } = ipBlock;
      return [
        ...warningsForCidr(cidr, at.child("cidr")),
        ...except.flatMap((part, place) => warningsForCidr(part, at.child("except").index(place))),
      ];
    });
  return [
    ...ingress.flatMap(({ from }, index) => ofPeers(from, specPath.child("ingress").index(index).child("from"))),
    ...egress.flatMap(({ to }, index) => ofPeers(to, specPath.child("egress").index(index).child("to"))),
  ];
}

function checkSpec(spec: NetworkPolicy["spec"], allowInvalidValues: boolean, errors: Errors): void {
  const { podSelector, ingress, egress, policyTypes = [] } = spec;
  const check = (peer: networkingV1.NetworkPolicyPeer, path: FieldPath) =>
    checkPeer(peer, allowInvalidValues, path, errors);
  validateLabelSelector(podSelector, specPath.child("podSelector"), errors, { allowInvalidValues });
  checkEach(ingress, specPath.child("ingress"), errors, ({ ports, from }, path) => {
    checkEach(ports, path.child("ports"), errors, checkPort);
    checkEach(from, path.child("from"), errors, check);
  });
  checkEach(egress, specPath.child("egress"), errors, ({ ports, to }, path) => {
    checkEach(ports, path.child("ports"), errors, checkPort);
    checkEach(to, path.child("to"), errors, check);
  });
  const typesPath = specPath.child("policyTypes");
  if (policyTypes.length > 2) {
    errors.push(invalid(typesPath, policyTypes, "may not specify more than two policyTypes"));
    return;
  }
  checkEach(policyTypes, typesPath, errors, (type: string, path) => {
    if (type !== "Ingress" && type !== "Egress") errors.push(notSupported(path, type, ["Ingress", "Egress"]));
  });
}

function checkPort(port: networkingV1.NetworkPolicyPort, path: FieldPath, errors: Errors): void {
  const { protocol, port: value, endPort } = port;
  const known = ["TCP", "UDP", "SCTP"];
  if (protocol !== undefined && !known.includes(protocol)) {
    errors.push(notSupported(path.child("protocol"), protocol, known));
  }
  const [portPath, endPath] = [path.child("port"), path.child("endPort")];
  if (value === undefined) {
    if (endPort !== undefined) {
      errors.push(invalid(endPath, endPort, "may not be specified when `port` is not specified"));
    }
  } else if (typeof value === "string") {
    if (endPort !== undefined) {
      errors.push(invalid(endPath, endPort, "may not be specified when `port` is non-numeric"));
    }
    addMessages(isValidPortName(value), value, portPath, errors);
  } else {
    addMessages(isValidPortNumber(value), value, portPath, errors);
    if (endPort === undefined) return;
    // Upstream shows the port, not the end.
    if (endPort < value) errors.push(invalid(endPath, value, "must be greater than or equal to `port`"));
    addMessages(isValidPortNumber(endPort), endPort, endPath, errors);
  }
}

function checkPeer(
  { podSelector, namespaceSelector, ipBlock }: networkingV1.NetworkPolicyPeer,
  allowInvalidValues: boolean,
  path: FieldPath,
  errors: Errors,
): void {
  const rules = { allowInvalidValues };
  validateLabelSelector(podSelector, path.child("podSelector"), errors, rules);
  validateLabelSelector(namespaceSelector, path.child("namespaceSelector"), errors, rules);
  if (ipBlock !== undefined) checkIpBlock(ipBlock, path.child("ipBlock"), errors);
  const selects = podSelector !== undefined || namespaceSelector !== undefined;
  if (!selects && ipBlock === undefined) errors.push(required(path, "must specify a peer"));
  if (selects && ipBlock !== undefined) {
    errors.push(forbidden(path, "may not specify both ipBlock and another peer"));
  }
}

function checkIpBlock({ cidr, except }: networkingV1.IPBlock, path: FieldPath, errors: Errors): void {
  if (cidr === "") {
    errors.push(required(path.child("cidr")));
    return;
  }
  validateLegacyCidr(cidr, path.child("cidr"), errors);
  const whole = parseIpPrefix(cidr);
  if (whole === undefined) return;
  checkEach(except, path.child("except"), errors, (text, at) => {
    validateLegacyCidr(text, at, errors);
    const part = parseIpPrefix(text);
    if (part === undefined) return;
    if (!prefixContains(whole, part.address) || whole.length >= part.length) {
      errors.push(invalid(at, text, "must be a strict subset of `cidr`"));
    }
  });
}
