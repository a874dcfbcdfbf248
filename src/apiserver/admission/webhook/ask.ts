import { newBadRequest, newInternalError, newTimeout, StatusError } from "../../../apimachinery/index.ts";
import { messageOf } from "../../../base/index.ts";
import { AnswerError } from "./exchange.ts";
import { annotate } from "../annotate.ts";
import type { AdmissionAttributes } from "../contract.ts";
import type { Variant } from "./equivalents.ts";
import type { Hook, HookInputs } from "./hooks.ts";
import { type Converted, denial, type HookResponse, readResponse, reviewOf } from "./review.ts";

/** A webhook could not be asked, or its answer is no use. Its failure policy decides what comes of that. */
export class CallError extends Error {
  readonly code: number;
  constructor(why: string, code = 503) {
    super(why);
    this.code = code;
  }
}

/** One webhook and one request. */
export interface Question {
  readonly hook: Hook;
  readonly variant: Variant;
  readonly attributes: AdmissionAttributes;
  readonly objects: Converted;
}

const secondsDefault = 10;

/** Rejects with a `StatusError` when the webhook refuses, with a `CallError` when it does not answer properly. */
export async function ask(question: Question, inputs: HookInputs, mutating: boolean): Promise<HookResponse> {
  const { hook, variant, attributes, objects } = question;
  checkSideEffects(hook, attributes);
  let response: HookResponse;
  try {
    const review = reviewOf(hook, inputs.random.uuid(), variant, attributes, objects);
    const timeoutMs = (hook.timeoutSeconds ?? secondsDefault) * 1000;
    const { signal, traceparent } = attributes.context;
    const startedMs = inputs.clock.monotonic();
    const layer = mutating ? "mutating-webhook" : "validating-webhook";
    const answer = await inputs.caller
      .post(hook.clientConfig, review.body, timeoutMs, signal, traceparent)
      .finally(() => attributes.context.exclude?.(inputs.clock.monotonic() - startedMs, layer));
    response = readResponse(answer, review, mutating);
  } catch (error) {
    throw new CallError(messageOf(error), error instanceof AnswerError ? error.code : 503);
  }
  for (const [key, value] of Object.entries(response.auditAnnotations ?? {}))
    annotate(attributes, `${hook.name}/${key}`, value);
  for (const warning of response.warnings ?? []) attributes.context.warn(warning);
  if (response.allowed === true) return response;
  throw new Refusal(denial(hook.name, response.status));
}

/** Says no, as against a server that has a problem of its own. */
class Refusal extends StatusError {
  constructor({ status }: StatusError) {
    super(status);
  }
}

/** A dry run must leave no trace anywhere. */
function checkSideEffects(hook: Hook, { dryRun }: AdmissionAttributes): void {
  if (!dryRun || hook.sideEffects === "None" || hook.sideEffects === "NoneOnDryRun") return;
  throw newBadRequest(`admission webhook ${JSON.stringify(hook.name)} does not support dry run`);
}

/**
 * Measures `work`, and decides what comes of its failure: nothing where the webhook is to be ignored then, which is
 * noted under `failedOpenKey`; else it is thrown in the words that the client is told.
 */
export async function settle<T>(
  type: "admit" | "validating",
  { hook, attributes }: Pick<Question, "hook" | "attributes">,
  { metrics, clock }: Pick<HookInputs, "metrics" | "clock">,
  failedOpenKey: string,
  work: () => Promise<T>,
): Promise<T | undefined> {
  const since = clock.monotonic();
  const observe = (outcome: Parameters<typeof metrics.observe>[4]) =>
    metrics.observe(hook.name, type, attributes, clock.monotonic() - since, outcome);
  try {
    const result = await work();
    observe({ type: "answered", code: 200 });
    return result;
  } catch (error) {
    if (!(error instanceof CallError)) {
      observe(error instanceof Refusal ? { type: "refused", code: error.code } : { type: "internal-error" });
      throw error;
    }
    const open = hook.failurePolicy === "Ignore";
    observe({ type: "failed", code: error.code, open });
    if (!open) throw newInternalError(`failed calling webhook ${JSON.stringify(hook.name)}: ${error.message}`);
    annotate(attributes, failedOpenKey, hook.name);
    if (attributes.context.signal.aborted) throw newTimeout("request did not complete within requested timeout", 0);
    return undefined;
  }
}
