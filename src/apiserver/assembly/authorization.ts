import {
  alwaysAllowAuthorizer,
  alwaysAllowPaths,
  alwaysDenyAuthorizer,
  type Authorizer,
  bootstrapRules,
  compileRule,
  type NodeGraph,
  nodeAuthorizer,
  privilegedGroupAuthorizer,
  type RbacAuthorizer,
  type RuleResolver,
  unionAuthorizer,
  unionRules,
} from "../authz/index.ts";
import type { Counter, MetricsRegistry } from "../../component/index.ts";

/** One of `--authorization-mode`, or an authorizer that comes from a file. */
export type AuthorizationMode =
  | "Node"
  | "RBAC"
  | "AlwaysAllow"
  | "AlwaysDeny"
  | { readonly type: "ABAC" | "Webhook"; readonly name: string; readonly authorizer: Authorizer & RuleResolver };

export interface AuthorizationParts {
  readonly rbac: RbacAuthorizer;
  readonly graph: NodeGraph;
  readonly metrics: MetricsRegistry;
  readonly isFeatureOn: (gate: string) => boolean;
}

/** Upstream: `--authorization-always-allow-paths`. */
const publicPaths = ["/healthz", "/readyz", "/livez"];

interface Chain {
  readonly authorizer: Authorizer;
  readonly rules: RuleResolver;
}

export interface ReplaceableChain extends Chain {
  /** Decides by these from now on. */
  replace(modes: readonly AuthorizationMode[]): void;
}

/** The authorizers in their order, after the administrators, who may do anything. */
export function authorization(modes: readonly AuthorizationMode[], parts: AuthorizationParts): ReplaceableChain {
  const decisions = parts.metrics.counters({
    name: "apiserver_authorization_decisions_total",
    help: "Requests allowed or denied, by the authorizer that decided.",
    labels: ["type", "name", "decision"],
  });
  const members = (given: readonly AuthorizationMode[]): readonly Member[] =>
    given.map((mode) => {
      const { type, name, authorizer } = typeof mode === "string" ? builtIn(mode, parts) : mode;
      const [allowed, denied] = [decisions.with(type, name, "allowed"), decisions.with(type, name, "denied")];
      return { authorizer, allowed, denied };
    });
  let current = chainOf(members(modes));
  return {
    authorizer: {
      name: "union",
      authorize: (attributes, signal) => current.authorizer.authorize(attributes, signal),
    },
    rules: { rulesFor: (user, namespace) => current.rules.rulesFor(user, namespace) },
    replace: (given) => {
      current = chainOf(members(given));
    },
  };
}

interface Member {
  readonly authorizer: Authorizer;
  readonly allowed: Counter;
  readonly denied: Counter;
}

function chainOf(members: readonly Member[]): Chain {
  const configured = unionAuthorizer(
    members.map(({ authorizer }) => authorizer),
    (index, decision) => {
      const member = members[index];
      if (decision === "allow") member?.allowed.increment();
      else member?.denied.increment();
    },
  );
  return {
    authorizer: unionAuthorizer([privilegedGroupAuthorizer, alwaysAllowPaths(publicPaths), configured]),
    rules: unionRules(members.flatMap(({ authorizer }) => (isResolver(authorizer) ? [authorizer] : []))),
  };
}

function builtIn(type: Extract<AuthorizationMode, string>, { rbac, graph, isFeatureOn }: AuthorizationParts) {
  const named = (authorizer: Authorizer) => ({ type, name: type.toLowerCase(), authorizer });
  switch (type) {
    case "Node":
      return named(nodeAuthorizer(graph, nodeRules(isFeatureOn)));
    case "RBAC":
      return named(rbac);
    case "AlwaysAllow":
      return named(alwaysAllowAuthorizer);
    case "AlwaysDeny":
      return named(alwaysDenyAuthorizer);
  }
}

function isResolver(authorizer: Authorizer): authorizer is Authorizer & RuleResolver {
  return "rulesFor" in authorizer;
}

function nodeRules(isFeatureOn: (gate: string) => boolean) {
  return bootstrapRules("system:node", isFeatureOn).map(compileRule);
}
