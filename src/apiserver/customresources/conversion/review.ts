import type { KubeObject } from "../../../apimachinery/index.ts";

/** What a conversion webhook is asked. */
export interface Review {
  readonly kind: "ConversionReview";
  readonly apiVersion: string;
  readonly request: {
    readonly uid: string;
    readonly desiredAPIVersion: string;
    readonly objects: readonly KubeObject[];
  };
}

interface Answer {
  readonly kind?: unknown;
  readonly apiVersion?: unknown;
  readonly response?: {
    readonly uid?: unknown;
    readonly result?: { readonly status?: unknown; readonly message?: unknown };
    readonly convertedObjects?: readonly unknown[];
  };
}

/** The objects that a webhook gave back. Throws upstream's words when the answer is none, or says no. */
export function convertedObjects(answer: unknown, version: string, uid: string): readonly unknown[] {
  const { kind, apiVersion, response } = (typeof answer === "object" && answer !== null ? answer : {}) as Answer;
  const expected = `apiextensions.k8s.io/${version}`;
  // The older version was never checked so; webhooks rely on it.
  if (version === "v1" && (kind !== "ConversionReview" || apiVersion !== expected)) {
    throw new Error(
      `expected webhook response of ${expected}, Kind=ConversionReview, got ${textOf(apiVersion)}, Kind=${textOf(kind)}`,
    );
  }
  if (typeof response !== "object" || response === null) throw new Error("no response provided");
  if (version === "v1" && response.uid !== uid) {
    throw new Error(`expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(textOf(response.uid))}`);
  }
  const { status, message } = response.result ?? {};
  if (status !== "Success") {
    const said = textOf(message);
    throw new Error(said === "" ? `response.result.status was '${textOf(status)}', not 'Success'` : said);
  }
  return Array.isArray(response.convertedObjects) ? response.convertedObjects : [];
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
