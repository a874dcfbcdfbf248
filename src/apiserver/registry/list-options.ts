import { newBadRequest, newFailure, type StatusError } from "../../apimachinery/index.ts";
import type { ListRequest } from "./reads.ts";
import { resourceVersionProblem } from "./resource-registry.ts";

const notOlderThan = "NotOlderThan";
const matchOf = (detail: string): string => `resourceVersionMatch: Forbidden: ${detail}`;
const bothWithContinue = "specifying resource version is not allowed when using continue";
const withContinue = matchOf("resourceVersionMatch is forbidden when continue is provided");

/** Rejects combinations that upstream's `ValidateListOptions` rejects. */
export function checkListOptions(request: Omit<ListRequest, "selection">, sendInitialEvents?: boolean): void {
  const { resourceVersion, resourceVersionMatch: match, continueToken } = request;
  const problems: string[] = [];
  if (match !== "") {
    if (resourceVersion === "") {
      problems.push(matchOf("resourceVersionMatch is forbidden unless resourceVersion is provided"));
    }
    if (continueToken !== "") problems.push(withContinue);
    if (match !== "Exact" && match !== notOlderThan) {
      problems.push(`${unsupported(match)}: supported values: "Exact", "NotOlderThan", ""`);
    }
    if (match === "Exact" && resourceVersion === "0") {
      problems.push(matchOf('resourceVersionMatch "exact" is forbidden for resourceVersion "0"'));
    }
  }
  if (sendInitialEvents !== undefined) {
    problems.push("sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list");
  }
  if (problems.length > 0) throw optionsInvalid("ListOptions", problems);
  // A token comes first, and then there is no version to look at.
  if (resourceVersion === "" || continueToken !== "") return;
  const problem = resourceVersionProblem(resourceVersion);
  if (problem !== undefined) throw newBadRequest(`invalid resource version: ${problem}`);
}

/** What a list says that goes on elsewhere than its token does. */
export function checkContinued({ resourceVersion }: ListRequest): void {
  if (resourceVersion !== "" && resourceVersion !== "0") throw newBadRequest(bothWithContinue);
}

export interface WatchOptionsAsked {
  readonly sendInitialEvents: boolean | undefined;
  readonly resourceVersion: string;
  readonly resourceVersionMatch: string;
  readonly continueToken: string;
}

/** The same for watches. */
export function checkWatchOptions(asked: WatchOptionsAsked): void {
  const { sendInitialEvents, resourceVersion, resourceVersionMatch: match, continueToken } = asked;
  const problems: string[] = [];
  if (sendInitialEvents !== undefined && match !== notOlderThan) {
    problems.push(matchOf("sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"));
  }
  if (match !== "") {
    if (sendInitialEvents === undefined) {
      problems.push(matchOf("resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"));
    }
    if (match !== notOlderThan) problems.push(`${unsupported(match)}: supported values: "NotOlderThan"`);
  }
  // Who starts nowhere is taken to ask for the state, which is a match that nobody wrote.
  const meant =
    match !== "" || (sendInitialEvents === undefined && (resourceVersion === "" || resourceVersion === "0"));
  if (continueToken !== "" && meant) problems.push(withContinue);
  if (problems.length > 0) throw optionsInvalid("ListOptions", problems);
}

function unsupported(match: string): string {
  return `resourceVersionMatch: Unsupported value: ${JSON.stringify(match)}`;
}

const reasons: Readonly<Record<string, string>> = {
  Forbidden: "FieldValueForbidden",
  "Invalid value": "FieldValueInvalid",
  "Required value": "FieldValueRequired",
  "Too long": "FieldValueTooLong",
  "Unsupported value": "FieldValueNotSupported",
};

/** 422 for options of a request. Each problem begins with its field, then says of what type it is. */
export function optionsInvalid(kind: string, problems: readonly string[]): StatusError {
  const text = problems.length === 1 ? problems[0] : `[${problems.join(", ")}]`;
  const causes = problems.map((problem) => {
    const [field = "", type = ""] = problem.split(": ", 2);
    return { reason: reasons[type] ?? "FieldValueInvalid", message: problem.slice(field.length + 2), field };
  });
  const details = { group: "meta.k8s.io", kind, causes };
  return newFailure(422, "Invalid", `${kind}.meta.k8s.io "" is invalid: ${text}`, details);
}
