export type { PodActions } from "./runtime/actions.ts";
