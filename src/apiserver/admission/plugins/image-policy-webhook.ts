import type { Container, Pod } from "../../../api/index.ts";
import { StatusError } from "../../../apimachinery/index.ts";
import { type Clock, messageOf } from "../../../base/index.ts";
import { BoundedCache } from "../../../component/index.ts";
import { annotate } from "../annotate.ts";
import type { AdmissionAttributes, AdmissionPlugin } from "../contract.ts";
import { isResource, refuse } from "../refuse.ts";

export interface ImagePolicy {
  /** Posts an `ImageReview` and returns the answer; rejects in the words of upstream's client when there is no good one. */
  readonly post: (review: unknown, signal: AbortSignal) => Promise<unknown>;
  /** How long answers are remembered; 0: not at all. */
  readonly allowTtlMs: number;
  readonly denyTtlMs: number;
  /** Whether pods may run when there is no answer. */
  readonly defaultAllow: boolean;
}

interface ReviewStatus {
  readonly allowed?: boolean;
  readonly reason?: string;
  readonly auditAnnotations?: Readonly<Record<string, string>>;
}

const apiVersion = "imagepolicy.k8s.io/v1alpha1";
const auditPrefix = "imagepolicywebhook.image-policy.k8s.io/";
const failedOpenKey = "alpha.image-policy.k8s.io/failed-open";
const rememberedMax = 1_024;

/** Asks somebody else whether the images of a pod may run. On only when asked for. */
export function imagePolicyWebhook(policy: ImagePolicy | undefined, clock: Pick<Clock, "monotonic">): AdmissionPlugin {
  const remembered = new BoundedCache<ReviewStatus>(rememberedMax);
  return {
    name: "ImagePolicyWebhook",
    handles: (operation, resource, subresource) =>
      (operation === "CREATE" || operation === "UPDATE") &&
      (subresource === "" || subresource === "ephemeralcontainers") &&
      isResource(resource, "", "pods"),
    async validate(attributes) {
      if (policy === undefined) return;
      const status = await statusOf(attributes, policy);
      if (status === undefined) return;
      for (const [key, value] of Object.entries(status.auditAnnotations ?? {}))
        annotate(attributes, `${auditPrefix}${key}`, value);
      if (status.allowed === true) return;
      const { reason = "" } = status;
      throw refuse(
        attributes,
        reason === ""
          ? "one or more images rejected by webhook backend"
          : `image policy webhook backend denied one or more images: ${reason}`,
      );
    },
  };

  /** Undefined where the pod may run for want of an answer. */
  async function statusOf(attributes: AdmissionAttributes, of: ImagePolicy): Promise<ReviewStatus | undefined> {
    const spec = specOf(attributes);
    const key = JSON.stringify(spec);
    const known = remembered.get(key, clock.monotonic());
    if (known !== undefined) return known;
    try {
      const answer = await of.post(
        { kind: "ImageReview", apiVersion, metadata: {}, spec, status: { allowed: false } },
        attributes.context.signal,
      );
      const status = readStatus(answer);
      remembered.set(key, status, clock.monotonic() + (status.allowed === true ? of.allowTtlMs : of.denyTtlMs));
      return status;
    } catch (error) {
      if (!of.defaultAllow) throw error instanceof StatusError ? error : refuse(attributes, messageOf(error));
      annotate(attributes, `${auditPrefix}failed-open`, "true");
      const { metadata } = attributes.object as Pod;
      metadata.annotations = { ...metadata.annotations, [failedOpenKey]: "true" };
      return undefined;
    }
  }
}

function specOf({ object, subresource, namespace }: AdmissionAttributes): object {
  const { metadata, spec } = object as Pod;
  const { containers = [], initContainers = [], ephemeralContainers = [] } = spec ?? {};
  const asked = subresource === "" ? [...containers, ...initContainers] : (ephemeralContainers as readonly Container[]);
  const annotations = Object.entries(metadata.annotations ?? {}).filter(([key]) =>
    key.includes(".image-policy.k8s.io/"),
  );
  return {
    ...(asked.length === 0 ? {} : { containers: asked.map(({ image }) => (image ? { image } : {})) }),
    ...(annotations.length === 0 ? {} : { annotations: Object.fromEntries(annotations.toSorted()) }),
    ...(namespace === "" ? {} : { namespace }),
  };
}

function readStatus(answer: unknown): ReviewStatus {
  const given = (answer ?? {}) as Readonly<Record<string, unknown>>;
  const { kind = "ImageReview", apiVersion: version = apiVersion, status = {} } = given;
  if (kind === "ImageReview" && version === apiVersion) return status as ReviewStatus;
  throw new Error(`converting (${String(version)}.${String(kind)}) to (v1alpha1.ImageReview): unknown conversion`);
}
