import type { ClusterRole, PolicyRule } from "../../api/index.ts";
import { selectorFromObject } from "../../apimachinery/index.ts";
import { informerOf, keyOf, kinds } from "../../client/index.ts";
import { canonicalJson, Controller, isSemanticallyEqual, type Key } from "../../reconcile/index.ts";
import type { ControllerDescriptor } from "../descriptor.ts";

const name = "clusterrole-aggregation-controller";

/** Fills cluster roles that are put together from others (`admin`, `edit`, `view`). */
export const clusterRoleAggregationController: ControllerDescriptor = {
  name,
  create({ client, clock, informers, log, metrics }) {
    const roles = informerOf(informers, kinds.clusterroles);
    const aggregated = (): ClusterRole[] =>
      [...roles.lister.list()].filter((role) => role.aggregationRule !== undefined);
    const reconcile = async (key: Key): Promise<void> => {
      const role = roles.lister.get(key);
      if (role?.aggregationRule === undefined) return;
      const rules = rulesFor(role, [...roles.lister.list()]);
      if (isSemanticallyEqual(rules, role.rules)) return;
      await client.resource<ClusterRole>(kinds.clusterroles).update({ ...role, rules });
    };
    // A change of any role may be one of what others consist of.
    return new Controller({ name, clock, log, metrics, reconciler: { reconcile } }).watch(roles, () =>
      aggregated().map(keyOf),
    );
  },
};

/** The rules of all selected roles, in the order of their names, each once. */
function rulesFor(role: ClusterRole, all: readonly ClusterRole[]): PolicyRule[] {
  const byName = [...all].sort((a, b) => ((a.metadata.name ?? "") < (b.metadata.name ?? "") ? -1 : 1));
  const rules = new Map<string, PolicyRule>();
  for (const selectorObject of role.aggregationRule?.clusterRoleSelectors ?? []) {
    const selector = selectorFromObject(selectorObject);
    for (const other of byName) {
      if (other.metadata.name === role.metadata.name || !selector.matches(other.metadata.labels)) continue;
      for (const rule of other.rules ?? []) rules.set(canonicalJson(rule), rule);
    }
  }
  return [...rules.values()];
}
