import type { coreV1, Service } from "../../../api/index.ts";
import {
  type FieldPath,
  forbidden,
  invalid,
  isDns1123Subdomain,
  parseIpAddress,
  required,
  validateLegacyIp,
} from "../../../apimachinery/index.ts";
import { addMessages, checkEach, checkOneOf, type Errors } from "../common/check.ts";

/** Also of Ingresses, which have neither a Service's type nor a mode. */
export function checkLoadBalancerStatus(
  status: coreV1.LoadBalancerStatus | undefined,
  old: Service,
  path: FieldPath,
  errors: Errors,
): void {
  const ingress = status?.ingress ?? [];
  const at = path.child("ingress");
  if (old.spec?.type !== "LoadBalancer" && ingress.length > 0) {
    errors.push(forbidden(at, "may only be used when `spec.type` is 'LoadBalancer'"));
    return;
  }
  const before = (old.status?.loadBalancer?.ingress ?? []).map(({ ip = "" }) => ip);
  checkEach(ingress, at, errors, (one, onePath) => checkIngress(one, before, onePath, errors));
}

function checkIngress(
  { ip = "", hostname = "", ipMode }: coreV1.LoadBalancerIngress,
  before: readonly string[],
  path: FieldPath,
  errors: Errors,
): void {
  if (ip !== "") validateLegacyIp(ip, path.child("ip"), errors, before);
  const modePath = path.child("ipMode");
  if (ipMode === undefined) {
    if (ip !== "") errors.push(required(modePath, "must be specified when `ip` is set"));
  } else if (ip === "") errors.push(forbidden(modePath, "may not be specified when `ip` is not set"));
  else checkOneOf(ipMode, ["Proxy", "VIP"], modePath, errors);
  if (hostname === "") return;
  addMessages(isDns1123Subdomain(hostname), hostname, path.child("hostname"), errors);
  if (parseIpAddress(hostname) !== undefined) {
    errors.push(invalid(path.child("hostname"), hostname, "must be a DNS name, not an IP address"));
  }
}
