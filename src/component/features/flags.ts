import { flag } from "../flags/index.ts";
import { FeatureGateError, Features, featureGateUsage } from "./features.ts";

/** As upstream's control plane takes it; `Features.parse` reads its value. */
export const featureGateFlags = {
  "feature-gates": flag.textList({ usage: featureGateUsage(), valueName: "colonSeparatedMultimapStringString" }),
};

/** What is wrong with the value of `--feature-gates`. */
export function checkFeatureGates(pairs: readonly string[]): readonly string[] {
  try {
    Features.parse(pairs);
    return [];
  } catch (error) {
    if (error instanceof FeatureGateError) return [error.message];
    throw error;
  }
}
