import { messageOf } from "../../base/index.ts";
import type { PathHandler } from "../handlers/router.ts";
import type { ApiRequest, ApiResponse } from "../http/exchange.ts";
import { bytesReply, textReply } from "../http/reply.ts";
import type { Query } from "../request/query.ts";

export interface HealthCheck {
  readonly name: string;
  /** Undefined when well, else why not. */
  check(): Promise<string | undefined> | string | undefined;
  /** Where it counts; everywhere by default. */
  readonly only?: readonly ("healthz" | "livez" | "readyz")[];
}

const roots = ["healthz", "livez", "readyz"] as const;
type Root = (typeof roots)[number];

/** Told of every check of a whole: its name, for what it was asked, and whether it was well. */
export type HealthObserver = (name: string, type: Root, well: boolean) => void;

/** `/healthz`, `/livez`, `/readyz`, with `verbose`, `exclude` and single checks, as upstream prints them. */
export class HealthHandler implements PathHandler {
  readonly #checks: HealthCheck[];
  readonly #observe: HealthObserver | undefined;

  constructor(checks: readonly HealthCheck[], observe?: HealthObserver) {
    this.#checks = [...checks];
    this.#observe = observe;
  }

  add(check: HealthCheck): void {
    this.#checks.push(check);
  }

  /** Of the wholes and of each check. */
  paths(): readonly string[] {
    return roots.flatMap((root) => [`/${root}`, ...this.#checksFor(root).map(({ name }) => `/${root}/${name}`)]);
  }

  #checksFor(root: Root): readonly HealthCheck[] {
    return this.#checks.filter((check) => check.only === undefined || check.only.includes(root));
  }

  handle(request: ApiRequest, query: Query): Promise<ApiResponse> | undefined {
    const [, root, name] = /^\/(healthz|livez|readyz)(?:\/(.+))?$/.exec(request.target.split("?")[0] ?? "") ?? [];
    if (root === undefined) return undefined;
    const checks = this.#checksFor(root as Root);
    return name === undefined ? all(root as Root, checks, query, this.#observe) : one(checks, name);
  }
}

async function one(checks: readonly HealthCheck[], name: string): Promise<ApiResponse> {
  const check = checks.find((candidate) => candidate.name === name);
  if (check === undefined) return textReply(404, "404 page not found\n");
  const problem = await ask(check);
  return problem === undefined ? plainOk() : textReply(500, `internal server error: ${problem}\n`);
}

async function all(
  root: Root,
  checks: readonly HealthCheck[],
  query: Query,
  observe: HealthObserver | undefined,
): Promise<ApiResponse> {
  const excluded = new Set(query.all("exclude"));
  const lines: string[] = [];
  let failed = false;
  for (const check of checks) {
    if (excluded.delete(check.name)) {
      lines.push(`[+]${check.name} excluded: ok`);
      continue;
    }
    const problem = await ask(check);
    observe?.(check.name, root, problem === undefined);
    if (problem !== undefined) failed = true;
    // The reason stays in the log: these paths are open to everybody.
    lines.push(problem === undefined ? `[+]${check.name} ok` : `[-]${check.name} failed: reason withheld`);
  }
  const unknown = [...excluded].toSorted().map((name) => JSON.stringify(name));
  if (unknown.length > 0) {
    lines.push(`warn: some health checks cannot be excluded: no matches for ${unknown.join(",")}`);
  }
  if (failed) return textReply(500, `${lines.join("\n")}\n${root} check failed\n`);
  return textReply(200, query.has("verbose") ? `${lines.join("\n")}\n${root} check passed\n` : "ok");
}

async function ask(check: HealthCheck): Promise<string | undefined> {
  try {
    return await check.check();
  } catch (error) {
    return messageOf(error);
  }
}

/** A single check's, which upstream's library finds the type of; it says nothing about sniffing then. */
function plainOk(): ApiResponse {
  return bytesReply(200, "text/plain; charset=utf-8", Buffer.from("ok"));
}
