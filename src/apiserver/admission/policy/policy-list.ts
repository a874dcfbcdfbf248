import type { KubeObject } from "../../../apimachinery/index.ts";
import type { MatchResources, ParamKind, ParamRef } from "../../../api/index.ts";
import type { ClusterObjects, Collection } from "../objects.ts";

export const registrationGroup = "admissionregistration.k8s.io";

export type Policy = KubeObject & {
  readonly spec: {
    readonly paramKind?: ParamKind;
    readonly matchConstraints?: MatchResources;
    readonly failurePolicy?: string;
  };
};

export type PolicyBinding = KubeObject & {
  readonly spec: {
    readonly policyName?: string;
    readonly paramRef?: ParamRef;
    readonly matchResources?: MatchResources;
  };
};

/** A policy that is bound at least once. */
export interface Bound<P, B, C> {
  readonly policy: P;
  readonly bindings: readonly B[];
  readonly compiled: C;
}

const nothing: readonly never[] = [];

/** The bound policies by their names, compiled once; made anew only when a policy or a binding changes. */
export class PolicyList<P extends Policy, B extends PolicyBinding, C> {
  readonly #policies: Collection<P>;
  readonly #bindings: Collection<B>;
  readonly #compile: (policy: P) => C;
  #seen: { readonly policies: readonly P[]; readonly bindings: readonly B[] } | undefined;
  #compiled = new Map<P, C>();
  #all: readonly Bound<P, B, C>[] = nothing;

  constructor(objects: ClusterObjects, resource: string, compile: (policy: P) => C) {
    this.#policies = objects.collection<P>(registrationGroup, `${resource}policies`);
    this.#bindings = objects.collection<B>(registrationGroup, `${resource}policybindings`);
    this.#compile = compile;
  }

  all(): readonly Bound<P, B, C>[] {
    const bindings = this.#bindings.all();
    if (bindings.length === 0) return nothing;
    const policies = this.#policies.all();
    if (this.#seen?.policies !== policies || this.#seen.bindings !== bindings) {
      this.#seen = { policies, bindings };
      this.#all = this.#bind(policies, bindings);
    }
    return this.#all;
  }

  #bind(policies: readonly P[], bindings: readonly B[]): readonly Bound<P, B, C>[] {
    const byPolicy = Map.groupBy(bindings, ({ spec }) => spec.policyName ?? "");
    const compiled = new Map<P, C>();
    const all = policies.flatMap((policy) => {
      const own = byPolicy.get(policy.metadata.name ?? "");
      if (own === undefined) return [];
      const made = this.#compiled.get(policy) ?? this.#compile(policy);
      compiled.set(policy, made);
      return [{ policy, bindings: own, compiled: made }];
    });
    this.#compiled = compiled;
    return all;
  }
}
