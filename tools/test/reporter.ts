import type { TestEvent } from "node:test/reporters";

/** What the reporter writes for every test that ended, one JSON object a line. */
export interface TestResult {
  readonly outcome: "passed" | "failed" | "skipped";
  /** The names of the suites around it and its own. */
  readonly name: string;
  readonly file: string;
  readonly durationMs: number;
  readonly error?: string;
}

/** The last line: without it the process ended before its tests did. */
export const endMark = "end";

/** A reporter for `node --test`; its lines go to a file, away from what tests print. */
export default async function* report(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const suites = new Map<string, string[]>();
  for await (const event of source) {
    if (event.type === "test:start") {
      const trail = (suites.get(event.data.file ?? "") ?? []).slice(0, event.data.nesting);
      trail[event.data.nesting] = event.data.name;
      suites.set(event.data.file ?? "", trail);
    }
    if (event.type !== "test:pass" && event.type !== "test:fail") continue;
    const { data } = event;
    const failed = event.type === "test:fail";
    // A suite fails because of its tests, which are counted; but also when a hook of its own fails.
    if (data.details.type === "suite" && !(failed && isOwnFailure(event))) continue;
    const trail = (suites.get(data.file ?? "") ?? []).slice(0, data.nesting);
    // A file without any test is reported as a test that passed.
    const empty = !failed && data.name === data.file;
    const result: TestResult = {
      outcome: failed || empty ? "failed" : data.skip !== undefined || data.todo !== undefined ? "skipped" : "passed",
      name: [...trail, data.name].join(" › "),
      file: data.file ?? "",
      durationMs: data.details.duration_ms,
      error: failed ? describe(event) : empty ? "the file holds no test" : undefined,
    };
    yield `${JSON.stringify(result)}\n`;
  }
  yield `${endMark}\n`;
}

type Failure = Extract<TestEvent, { readonly type: "test:fail" }>;

function isOwnFailure(event: Failure): boolean {
  const error = event.data.details.error as { readonly failureType?: string };
  return error.failureType !== "subtestsFailed";
}

function describe(event: Failure): string {
  const error = event.data.details.error as Error;
  const cause = error.cause instanceof Error ? error.cause : error;
  const own = (cause.stack ?? cause.message).split("\n").filter((line) => !/\(node:|async Promise\.all/.test(line));
  return own.slice(0, 40).join("\n");
}
