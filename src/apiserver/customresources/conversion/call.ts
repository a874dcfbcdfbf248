import type { WebhookAddress } from "../../admission/webhook/caller.ts";

/** Posts a review to a webhook and resolves with what it answered. */
export type ConversionCall = (address: WebhookAddress, body: unknown, timeoutMs: number) => Promise<unknown>;
