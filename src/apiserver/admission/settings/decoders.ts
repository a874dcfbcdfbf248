import type { ScopedResourceSelectorRequirement, Toleration } from "../../../api/index.ts";
import {
  aggregateMessages,
  fieldErrorMessage,
  fieldPath,
  type FieldError,
  invalid,
  notSupported,
  required,
} from "../../../apimachinery/index.ts";
import { messageOf } from "../../../base/index.ts";
import { ConfigError, type ConfigOf, decodeConfiguration, field } from "../../../component/index.ts";
import { checkTolerations } from "../../registry/common/scheduling.ts";
import type { AdmissionSettings } from "../configuration.ts";
import { podSecurityOf, podSecurityShape } from "./pod-security.ts";

/** From a plug-in's configuration, `undefined` where it has none, to what the plug-in is told. */
export type Decoder = (value: unknown) => AdmissionSettings;

/** Says of which plug-in the configuration is wrong. */
export function initFailure(name: string, error: unknown): ConfigError {
  return new ConfigError(`couldn't init admission plugin ${JSON.stringify(name)}: ${messageOf(error)}`);
}

function inside<T>(name: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw initFailure(name, error);
  }
}

function decoder(name: string, decode: Decoder): Decoder {
  return (value) => inside(name, () => decode(value));
}

const podSecurity = {
  apiVersions: ["v1", "v1beta1", "v1alpha1"].map((version) => `pod-security.admission.config.k8s.io/${version}`),
  kind: "PodSecurityConfiguration",
  shape: podSecurityShape,
};

const eventRateLimit = {
  apiVersions: ["eventratelimit.admission.k8s.io/v1alpha1"],
  kind: "Configuration",
  lenient: true,
  shape: {
    limits: field.listOf(
      field.object({ type: field.text(), qps: field.integer(), burst: field.integer(), cacheSize: field.integer() }),
    ),
  },
};

const resourceQuota = {
  apiVersions: [
    ...["apiserver.config.k8s.io/v1", "resourcequota.admission.k8s.io/v1beta1"],
    "resourcequota.admission.k8s.io/v1alpha1",
  ],
  shape: {
    limitedResources: field.listOf(
      field.object({
        ...{ apiGroup: field.text(), resource: field.text(), matchContains: field.textList() },
        matchScopes: field.listOf(
          field.object({ scopeName: field.text(), operator: field.text(), values: field.textList() }),
        ),
      }),
    ),
  },
};

const tolerations = field.listOf(
  field.object({
    ...{ key: field.text(), operator: field.text(), value: field.text(), effect: field.text() },
    tolerationSeconds: field.optional(field.integer()),
  }),
);
const podTolerationRestriction = {
  apiVersions: ["podtolerationrestriction.admission.k8s.io/v1alpha1"],
  kind: "Configuration",
  lenient: true,
  shape: { default: tolerations, whitelist: tolerations },
};

/** By the names of the plug-ins. */
export const decoders: Readonly<Record<string, Decoder>> = {
  PodSecurity(value) {
    if (value === undefined) return {};
    const given = inside("PodSecurity", () => decodeConfiguration(value, podSecurity));
    try {
      return { podSecurity: podSecurityOf(given) };
    } catch (error) {
      // What is read well and means nothing is found later by upstream.
      throw new ConfigError(`failed to initialize admission plugin "PodSecurity": ${messageOf(error)}`);
    }
  },
  PodNodeSelector: decoder("PodNodeSelector", (value) => ({ nodeSelectors: selectorsOf(value) })),
  PodTolerationRestriction: decoder("PodTolerationRestriction", (value) =>
    value === undefined ? {} : tolerationsOf(decodeConfiguration(value, podTolerationRestriction)),
  ),
  EventRateLimit: decoder("EventRateLimit", (value) =>
    limitsOf(value === undefined ? { limits: [] } : decodeConfiguration(value, eventRateLimit)),
  ),
  ResourceQuota: decoder("ResourceQuota", (value) => {
    if (value === undefined) return {};
    const { apiVersion } = value as { readonly apiVersion?: unknown };
    const kind = apiVersion === resourceQuota.apiVersions[0] ? "ResourceQuotaConfiguration" : "Configuration";
    return limitedOf(decodeConfiguration(value, { ...resourceQuota, kind }));
  }),
};

function throwAll(errors: readonly FieldError[]): void {
  if (errors.length > 0) throw new ConfigError(aggregateMessages(errors.map(fieldErrorMessage)));
}

const limitTypes = ["Server", "Namespace", "User", "SourceAndObject"] as const;
/** Keys that a limit remembers unless it says how many. */
const cacheSizeDefault = 4_096;

function limitsOf({ limits }: ConfigOf<typeof eventRateLimit.shape>): AdmissionSettings {
  const errors: FieldError[] = [];
  const path = fieldPath("limits");
  if (limits.length === 0) errors.push(invalid(path, null, "must not be empty"));
  const eventLimits = limits.map(({ type, qps, burst, cacheSize }, index) => {
    const at = path.index(index);
    const known = limitTypes.find((one) => one === type);
    if (known === undefined) errors.push(notSupported(at.child("type"), type, limitTypes));
    if (burst <= 0) errors.push(invalid(at.child("burst"), burst, "must be positive"));
    if (qps <= 0) errors.push(invalid(at.child("qps"), qps, "must be positive"));
    if (known !== "Server" && cacheSize < 0)
      errors.push(invalid(at.child("cacheSize"), cacheSize, "must not be negative"));
    return { type: known ?? "Server", qps, burst, cacheSize: cacheSize <= 0 ? cacheSizeDefault : cacheSize };
  });
  throwAll(errors);
  return { eventLimits };
}

function limitedOf({ limitedResources }: ConfigOf<typeof resourceQuota.shape>): AdmissionSettings {
  const path = fieldPath("limitedResources");
  throwAll(
    limitedResources.flatMap(({ resource }, index) =>
      resource === "" ? [required(path.index(index).child("resource"))] : [],
    ),
  );
  return {
    limitedResources: limitedResources.map(({ apiGroup, resource, matchContains, matchScopes }) => ({
      ...{ group: apiGroup, resource, matchContains },
      matchScopes: matchScopes as readonly ScopedResourceSelectorRequirement[],
    })),
  };
}

function tolerationsOf({
  default: given,
  whitelist,
}: ConfigOf<typeof podTolerationRestriction.shape>): AdmissionSettings {
  const path = fieldPath("podtolerationrestriction");
  const errors: FieldError[] = [];
  const [own, allowed] = [given, whitelist].map((list) => list.map(withoutEmpty));
  checkTolerations(own ?? [], path.child("default"), errors);
  checkTolerations(allowed ?? [], path.child("whitelist"), errors);
  if (errors.length > 0) throw new ConfigError(`invalid config: [${errors.map(fieldErrorMessage).join(" ")}]`);
  return { tolerations: { default: own ?? [], whitelist: allowed ?? [] } };
}

/** As it would be written: what is empty is left out; without an operator, it is `Equal`. */
function withoutEmpty(one: object): Toleration {
  const given = Object.entries(one).filter(([, value]) => value !== "" && value !== undefined);
  return Object.fromEntries(given) as unknown as Toleration;
}

/** What is no map of texts says nothing. */
function selectorsOf(value: unknown): Readonly<Record<string, string>> {
  const { podNodeSelectorPluginConfig: given } = (value ?? {}) as { readonly podNodeSelectorPluginConfig?: unknown };
  if (typeof given !== "object" || given === null || Array.isArray(given)) return {};
  return Object.fromEntries(
    Object.entries(given).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
}
