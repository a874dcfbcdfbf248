import type { WindowsSecurityContextOptions } from "../../../api/index.ts";
import { type FieldPath, invalid, isDns1123Subdomain } from "../../../apimachinery/index.ts";
import { addMessages, type Errors } from "./check.ts";

const credentialSpecMaxKiB = 64;
const domainMax = 256;
const userMax = 104;
const netBios = /^[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}$/;
const dnsLabel = "[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?";
const dnsDomain = new RegExp(`^${dnsLabel}(?:\\.${dnsLabel})*$`);

export function checkWindowsOptions(
  options: WindowsSecurityContextOptions | undefined,
  path: FieldPath,
  errors: Errors,
): void {
  if (options === undefined) return;
  const { gmsaCredentialSpecName: name, gmsaCredentialSpec: spec, runAsUserName: user } = options;
  if (name !== undefined) addMessages(isDns1123Subdomain(name), name, path.child("gmsaCredentialSpecName"), errors);
  const at = path.child("gmsaCredentialSpec");
  if (spec === "") errors.push(invalid(at, spec, "gmsaCredentialSpec cannot be an empty string"));
  else if (spec !== undefined && spec.length > credentialSpecMaxKiB * 1024) {
    errors.push(invalid(at, spec, `gmsaCredentialSpec size must be under ${credentialSpecMaxKiB} KiB`));
  }
  if (user !== undefined) {
    for (const problem of userNameProblems(user)) errors.push(invalid(path.child("runAsUserName"), user, problem));
  }
}

function userNameProblems(name: string): readonly string[] {
  if (name === "") return ["runAsUserName cannot be an empty string"];
  if (/\p{Cc}/u.test(name)) return ["runAsUserName cannot contain control characters"];
  const parts = name.split("\\");
  if (parts.length > 2) return ["runAsUserName cannot contain more than one backslash"];
  const [domain, user = ""] = parts.length === 1 ? [undefined, parts[0]] : parts;
  const problems: string[] = [];
  if (domain !== undefined && domain.length >= domainMax) {
    problems.push(`runAsUserName's Domain length must be under ${domainMax} characters`);
  }
  if (domain !== undefined && !netBios.test(domain) && !dnsDomain.test(domain)) {
    problems.push("runAsUserName's Domain doesn't match the NetBios nor the DNS format");
  }
  if (user === "") problems.push("runAsUserName's User cannot be empty");
  else if (user.length > userMax)
    problems.push(`runAsUserName's User length must not be longer than ${userMax} characters`);
  if (/^[. ]+$/.test(user)) problems.push("runAsUserName's User cannot contain only periods or spaces");
  if (/["/\\:;|=,+*?<>@[\]]/.test(user)) {
    problems.push("runAsUserName's User cannot contain the following characters: \"/\\:;|=,+*?<>@[]");
  }
  return problems;
}
