import { formatYaml, newNotAcceptable, StatusError } from "../../apimachinery/index.ts";
import type { DiagnosticsAnswer, DiagnosticsHandler } from "../serving/diagnostics.ts";

/** A page about a component, for people and for programs: `/statusz` or `/flagz` (KEP-4827, KEP-4828). */
export interface ZPage {
  readonly kind: "Statusz" | "Flagz";
  readonly component: string;
  /** Below the head that all pages have. */
  text(): string;
  /** Beside `kind`, `apiVersion` and `metadata`. */
  fields(): Readonly<Record<string, unknown>>;
}

const group = "config.k8s.io";
const versions = ["v1beta1", "v1alpha1"];
const deprecated: ReadonlySet<string> = new Set(["v1alpha1"]);
const structuredTypes = ["application/json", "application/yaml"];
const accepted = [...structuredTypes, "text/plain"];

/** The page's path: `/statusz`. */
export function zPagePath({ kind }: ZPage): string {
  return `/${kind.toLowerCase()}`;
}

/** Text by default; the kind where `Accept` names it, as `application/json;as=Statusz;v=v1beta1;g=config.k8s.io`. */
export function answerZPage(page: ZPage, accept: string | undefined): DiagnosticsAnswer {
  const form = accept === undefined || accept.trim() === "" ? "text" : formFor(page.kind, accept);
  if (form === undefined) return notAcceptable();
  if (form === "text")
    return { status: 200, contentType: "text/plain; charset=utf-8", body: headOf(page) + page.text() };
  const { type, version } = form;
  const name = page.kind.toLowerCase();
  const warning = `299 - "This version of the ${name} endpoint is deprecated. Please use a newer version."`;
  const metadata = { name: page.component };
  const object = { kind: page.kind, apiVersion: `${group}/${version}`, metadata, ...page.fields() };
  return {
    status: 200,
    contentType: `${type};g=${group};v=${version};as=${page.kind}`,
    body: type === "application/yaml" ? formatYaml(object) : `${JSON.stringify(object, undefined, 2)}\n`,
    ...(deprecated.has(version) ? { headers: { warning } } : {}),
  };
}

export function serveZPage(page: ZPage): DiagnosticsHandler {
  const path = zPagePath(page);
  return async (request) => (request.path === path ? answerZPage(page, request.accept) : undefined);
}

interface StructuredForm {
  readonly type: string;
  readonly version: string;
}

function formFor(kind: ZPage["kind"], accept: string): StructuredForm | "text" | undefined {
  const clauses = accept.split(",").map(readClause);
  clauses.sort((a, b) => b.quality - a.quality);
  for (const { type, parameters } of clauses) {
    const as = parameters.get("as");
    if (as === undefined) {
      if (["text/plain", "text/*", "*/*"].includes(type)) return "text";
      continue;
    }
    const version = parameters.get("v") ?? "";
    const chosen = type === "*/*" || type === "application/*" ? "application/json" : type;
    const known = as === kind && parameters.get("g") === group && versions.includes(version);
    if (known && structuredTypes.includes(chosen)) return { type: chosen, version };
  }
  return undefined;
}

function readClause(clause: string) {
  const [type = "", ...rest] = clause.split(";").map((part) => part.trim());
  const parameters = new Map(
    rest.map((part) => {
      const at = part.indexOf("=");
      return [part.slice(0, at).toLowerCase(), part.slice(at + 1).replace(/^"(.*)"$/, "$1")] as const;
    }),
  );
  const quality = Number(parameters.get("q") ?? "1");
  return { type: type.toLowerCase(), parameters, quality: Number.isFinite(quality) ? quality : 0 };
}

function headOf({ component, kind }: ZPage): string {
  const warning =
    "Warning: This endpoint is not meant to be machine parseable, has no formatting compatibility guarantees and is for debugging purposes only.";
  return `\n${component} ${kind.toLowerCase()}\n${warning}\n`;
}

function notAcceptable(): DiagnosticsAnswer {
  const error = newNotAcceptable(accepted);
  if (!(error instanceof StatusError)) throw error;
  return { status: 406, contentType: "application/json", body: `${JSON.stringify(error.status)}\n` };
}
