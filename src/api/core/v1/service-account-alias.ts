import type { PodSpec } from "./types.ts";

interface Account {
  serviceAccountName?: string;
  serviceAccount?: string;
}

/** `serviceAccount` is the old name of `serviceAccountName`, which wins. Upstream's conversion writes both. */
export function fillServiceAccount(spec: Account): void {
  const name = spec.serviceAccountName || spec.serviceAccount;
  if (name) {
    if (spec.serviceAccountName !== name) spec.serviceAccountName = name;
    if (spec.serviceAccount !== name) spec.serviceAccount = name;
  } else if (spec.serviceAccount !== undefined) delete spec.serviceAccount;
}

/** As it is read today: stored templates may lack the old name. */
export function withServiceAccountAlias<T extends { readonly spec?: PodSpec }>(template: T): T {
  if (template.spec === undefined) return template;
  const spec = { ...template.spec };
  fillServiceAccount(spec);
  return { ...template, spec };
}

/** Without the old name, which stored templates may lack: two that say the same are equal. */
export function withoutServiceAccountAlias<T extends { readonly spec?: Partial<PodSpec> }>(template: T): T {
  const { spec } = template;
  if (spec?.serviceAccount === undefined) return template;
  const { serviceAccount, ...rest } = spec;
  const serviceAccountName = rest.serviceAccountName || serviceAccount;
  return { ...template, spec: serviceAccountName === "" ? rest : { ...rest, serviceAccountName } };
}
