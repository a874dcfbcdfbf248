import type { Container, Pod, ServiceAccount } from "../../../api/index.ts";
import type { AdmissionAttributes } from "../contract.ts";
import { refuse } from "../refuse.ts";

const annotation = "kubernetes.io/enforce-mountable-secrets";
const truths = new Set(["1", "t", "T", "true", "TRUE", "True"]);

type Ephemeral = NonNullable<NonNullable<Pod["spec"]>["ephemeralContainers"]>[number];

/** A service account may say that its pods use no secrets but those that it names. */
export function limitSecrets(attributes: AdmissionAttributes, account: ServiceAccount, pod: Pod): void {
  if (!truths.has(account.metadata.annotations?.[annotation] ?? "")) return;
  const isUpdate = attributes.operation === "UPDATE";
  const problem = isUpdate ? ephemeralProblem(account, pod) : podProblem(account, pod);
  if (problem !== undefined) throw refuse(attributes, problem);
}

function podProblem(account: ServiceAccount, pod: Pod): string | undefined {
  const allowed = namesOf(account.secrets);
  const { volumes = [], containers = [], initContainers = [], imagePullSecrets = [] } = pod.spec ?? {};
  for (const { secret } of volumes) {
    const name = secret?.secretName ?? "";
    if (secret !== undefined && !allowed.has(name)) return refused(`volume with ${quoted(name)}`, account);
  }
  const problem =
    initContainers.map((one) => containerProblem("init container", one, allowed, account)).find(isText) ??
    containers.map((one) => containerProblem("container", one, allowed, account)).find(isText);
  if (problem !== undefined) return problem;
  const pulls = namesOf(account.imagePullSecrets);
  for (const [index, { name = "" }] of imagePullSecrets.entries()) {
    if (pulls.has(name)) continue;
    const why = `service account ${account.metadata.name} does not reference that imagePullSecret`;
    return `imagePullSecrets[${index}].name="${name}" is not allowed because ${why}`;
  }
  return undefined;
}

function ephemeralProblem(account: ServiceAccount, pod: Pod): string | undefined {
  const allowed = namesOf(account.secrets);
  return (pod.spec?.ephemeralContainers ?? [])
    .map((one) => containerProblem("ephemeral container", one, allowed, account))
    .find(isText);
}

function containerProblem(
  what: string,
  { name, env = [], envFrom = [] }: Pick<Container & Ephemeral, "name" | "env" | "envFrom">,
  allowed: ReadonlySet<string>,
  account: ServiceAccount,
): string | undefined {
  for (const { name: variable, valueFrom } of env) {
    const secret = valueFrom?.secretKeyRef?.name ?? "";
    if (valueFrom?.secretKeyRef === undefined || allowed.has(secret)) continue;
    return refused(`${what} ${name} with envVar ${variable} referencing ${quoted(secret)}`, account);
  }
  for (const { secretRef } of envFrom) {
    const secret = secretRef?.name ?? "";
    if (secretRef === undefined || allowed.has(secret)) continue;
    return refused(`${what} ${name} with envFrom referencing ${quoted(secret)}`, account);
  }
  return undefined;
}

function namesOf(references: readonly { readonly name?: string }[] = []): ReadonlySet<string> {
  return new Set(references.map(({ name = "" }) => name));
}

function quoted(secret: string): string {
  return `secret.secretName="${secret}"`;
}

function refused(what: string, { metadata }: ServiceAccount): string {
  return `${what} is not allowed because service account ${metadata.name} does not reference that secret`;
}

function isText(text: string | undefined): text is string {
  return text !== undefined;
}
