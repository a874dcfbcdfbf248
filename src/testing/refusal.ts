import assert from "node:assert/strict";
import { StatusError } from "../apimachinery/index.ts";

/** The Status that some work is refused with. Fails when it is let in; passes on whatever is no Status. */
export async function refusal(work: Promise<unknown>): Promise<StatusError["status"]> {
  try {
    await work;
  } catch (error) {
    if (error instanceof StatusError) return error.status;
    throw error;
  }
  throw new assert.AssertionError({ message: "it was let in" });
}
