import {
  aggregateMessages,
  duplicate,
  type FieldError,
  fieldErrorMessage,
  type FieldPath,
  fieldPath,
  invalid,
  isDns1123Label,
  isDns1123Subdomain,
} from "../../../apimachinery/index.ts";
import { ConfigError, type ConfigField, type ConfigOf, field } from "../../../component/index.ts";
import {
  isLevel,
  isVersion,
  type LevelVersion,
  levelProblem,
  type Mode,
  type PodSecuritySettings,
  versionProblem,
} from "../pod-security/policy.ts";

const level = (): ConfigField<string> => field.text("privileged");
const version = (): ConfigField<string> => field.text("latest");

/** `PodSecurityConfiguration`. */
export const podSecurityShape = {
  defaults: field.object({
    ...{ enforce: level(), audit: level(), warn: level() },
    ...{ "enforce-version": version(), "audit-version": version(), "warn-version": version() },
  }),
  exemptions: field.object({
    usernames: field.textList(),
    runtimeClasses: field.textList(),
    namespaces: field.textList(),
  }),
};

type Given = ConfigOf<typeof podSecurityShape>;

/** Throws all that is wrong with it at once. */
export function podSecurityOf({ defaults, exemptions }: Given): PodSecuritySettings {
  checkExemptions(exemptions);
  const problems: string[] = [];
  const of = (mode: Mode): LevelVersion => {
    const [asked, as] = [defaults[mode], defaults[`${mode}-version`]];
    if (!isLevel(asked)) problems.push(`${mode}: ${levelProblem}`);
    if (!isVersion(as)) problems.push(`${mode}-version: ${versionProblem}`);
    return { level: isLevel(asked) ? asked : "privileged", version: isVersion(as) ? as : "latest" };
  };
  const levels = { enforce: of("enforce"), audit: of("audit"), warn: of("warn") };
  if (problems.length > 0) throw new ConfigError(`PodSecurity configuration error: ${aggregateMessages(problems)}`);
  return {
    defaults: levels,
    exemptions: {
      usernames: new Set(exemptions.usernames),
      runtimeClasses: new Set(exemptions.runtimeClasses),
      namespaces: new Set(exemptions.namespaces),
    },
  };
}

function checkExemptions({ namespaces, runtimeClasses, usernames }: Given["exemptions"]): void {
  const path = fieldPath("exemptions");
  const errors: FieldError[] = [];
  check(namespaces, path.child("namespaces"), isDns1123Label, errors);
  check(runtimeClasses, path.child("runtimeClasses"), isDns1123Subdomain, errors);
  check(usernames, path.child("usernames"), (name) => (name === "" ? ["username must not be empty"] : []), errors);
  if (errors.length > 0)
    throw new ConfigError(`PodSecurity invalid: ${aggregateMessages(errors.map(fieldErrorMessage))}`);
}

function check(
  names: readonly string[],
  path: FieldPath,
  problemsOf: (name: string) => readonly string[],
  errors: FieldError[],
): void {
  const seen = new Set<string>();
  for (const [index, name] of names.entries()) {
    const problems = problemsOf(name);
    if (problems.length > 0) errors.push(invalid(path.index(index), name, problems.join(", ")));
    else if (seen.has(name)) errors.push(duplicate(path.index(index), name));
    seen.add(name);
  }
}
