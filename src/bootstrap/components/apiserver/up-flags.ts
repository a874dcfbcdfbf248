import { isAbsolute, join } from "node:path";
import {
  checkFeatureGates,
  featureGateFlags,
  type Flag,
  FlagError,
  type FlagValues,
  parseFlags,
} from "../../../component/index.ts";
import { auditFlags, checkAudit } from "./audit-flags.ts";
import { checkTokens, tokenFlags } from "./token-flags.ts";
import { authorizationFlags, checkAuthorization } from "./authorization-flags.ts";

/** What `up` takes of the API server's flags. */
export const upFlags = { ...featureGateFlags, ...auditFlags, ...tokenFlags, ...authorizationFlags };
const definitions: Readonly<Record<string, Flag<unknown>>> = upFlags;
const files: ReadonlySet<string> = new Set([
  ...["audit-policy-file", "audit-log-path", "audit-webhook-config-file"],
  ...["authentication-config", "authentication-token-webhook-config-file", "oidc-ca-file"],
  ...["authorization-config", "authorization-policy-file", "authorization-webhook-config-file"],
]);

/** The same, as help shows them. */
export const upFlagGroups = {
  Features: featureGateFlags,
  Auditing: auditFlags,
  Authentication: tokenFlags,
  Authorization: authorizationFlags,
};

export type UpFlags = FlagValues<typeof upFlags>;

/** Takes those out of the command line; checked, and with absolute paths, as the server runs elsewhere. */
export function splitServerFlags(
  args: readonly string[],
  workingDirectory: string,
): { readonly own: readonly string[]; readonly apiserver: readonly string[] } {
  const own: string[] = [];
  const apiserver: string[] = [];
  const rest = [...args];
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    const [, name = "", , given] = /^--([^=]+)(=(.*))?$/s.exec(arg) ?? [];
    const found = Object.hasOwn(definitions, name) ? definitions[name] : undefined;
    if (found === undefined) {
      own.push(arg);
      continue;
    }
    const value = given ?? found.kind.withoutValue ?? rest.shift();
    if (value === undefined) throw new FlagError(`flag needs an argument: --${name}`);
    const path = files.has(name) && value !== "" && value !== "-" && !isAbsolute(value);
    apiserver.push(`--${name}=${path ? join(workingDirectory, value) : value}`);
  }
  upFlagsOf(apiserver);
  return { own, apiserver };
}

/** Reads them again. Throws what the API server would refuse to start with. */
export function upFlagsOf(given: readonly string[]): UpFlags {
  const { values } = parseFlags(upFlags, given);
  const problems = [
    ...checkFeatureGates(values["feature-gates"]),
    ...checkAudit(values),
    ...checkTokens(values),
    ...checkAuthorization(values),
  ];
  if (problems.length > 0) throw new FlagError(problems.join(", "));
  return values;
}
