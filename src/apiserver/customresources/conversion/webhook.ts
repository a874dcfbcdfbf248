import type { CustomResourceDefinition } from "../../../api/index.ts";
import { type KubeObject, newInternalError } from "../../../apimachinery/index.ts";
import { messageOf, type Random } from "../../../base/index.ts";
import type { VersionConverter } from "../descriptors.ts";
import type { ConversionCall } from "./call.ts";
import { checkConverted, restoreMetadata } from "./metadata-rules.ts";
import { convertedObjects, type Review } from "./review.ts";

const timeoutMs = 30_000;
/** Objects of one call; lists beyond it take several. */
const batchMax = 500;
const supported = ["v1", "v1beta1"];

/** Converts by asking a webhook, with ConversionReview. Upstream: `webhookConverter`. */
export class WebhookConverter implements VersionConverter {
  readonly #call: ConversionCall;
  readonly #random: Random;
  readonly #version: string;
  readonly #address: Parameters<ConversionCall>[0];

  constructor(definition: CustomResourceDefinition, call: ConversionCall, random: Random) {
    const { webhook } = definition.spec.conversion ?? {};
    this.#call = call;
    this.#random = random;
    this.#version = webhook?.conversionReviewVersions.find((version) => supported.includes(version)) ?? "v1";
    this.#address = (webhook?.clientConfig ?? {}) as Parameters<ConversionCall>[0];
  }

  async convert(objects: readonly KubeObject[], toApiVersion: string): Promise<readonly KubeObject[]> {
    const result = [...objects];
    const wanted = [...objects.keys()].filter((index) => objects[index]?.apiVersion !== toApiVersion);
    for (let from = 0; from < wanted.length; from += batchMax) {
      const indices = wanted.slice(from, from + batchMax);
      const batch = indices.flatMap((index) => objects[index] ?? []);
      const converted = await this.#batch(batch, toApiVersion);
      for (const [position, index] of indices.entries()) {
        const object = converted[position];
        if (object !== undefined) result[index] = object;
      }
    }
    return result;
  }

  async #batch(objects: readonly KubeObject[], toApiVersion: string): Promise<readonly KubeObject[]> {
    const [first] = objects;
    const subject = `conversion webhook for ${first?.apiVersion}, Kind=${first?.kind}`;
    const answers = await this.#ask(objects, toApiVersion, subject);
    if (answers.length !== objects.length) {
      throw newInternalError(`${subject} returned ${answers.length} objects, expected ${objects.length}`);
    }
    return objects.map((object, index) => {
      const where = objects.length === 1 ? "object" : "converted object";
      const at = `${subject} returned invalid ${where} at index ${index}`;
      const converted = checkConverted(object, answers[index], toApiVersion, at, `${subject} returned invalid`);
      return restoreMetadata(object, converted);
    });
  }

  async #ask(objects: readonly KubeObject[], toApiVersion: string, subject: string): Promise<readonly unknown[]> {
    const uid = this.#random.uuid();
    const review: Review = {
      kind: "ConversionReview",
      apiVersion: `apiextensions.k8s.io/${this.#version}`,
      request: { uid, desiredAPIVersion: toApiVersion, objects },
    };
    try {
      return convertedObjects(await this.#call(this.#address, review, timeoutMs), this.#version, uid);
    } catch (error) {
      throw newInternalError(`${subject} failed: ${messageOf(error).replace(/^failed to call webhook: /, "")}`);
    }
  }
}

/** Of the definitions that say so. */
export function webhookConversion(
  call: ConversionCall,
  random: Random,
): (definition: CustomResourceDefinition) => VersionConverter | undefined {
  return (definition) =>
    definition.spec.conversion?.strategy === "Webhook" ? new WebhookConverter(definition, call, random) : undefined;
}
