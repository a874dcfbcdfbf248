import type { GroupVersionFacts } from "../facts.ts";
import facts from "./facts.json" with { type: "json" };

/** meta/v1, whose types every other group version refers to as `meta/v1.…`. */
export const metaFacts = facts as unknown as GroupVersionFacts;
