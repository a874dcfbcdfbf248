/** What compiled code and its caller tell each other. Compiled code is synchronous and there is one state per codec family. */
export interface WalkState {
  /** Keys met, to be compared with the keys in the text: more of them there means duplicates. */
  keys: number;
  /** Fields met that the schema does not know. */
  unknown: number;
  /** The values belong to the walk and may be kept without a copy. */
  own: boolean;
  /** Write null for nil lists, maps and times, as Go's encoder does. */
  nulls: boolean;
  /** Some empty list or map was kept that encoding leaves out. */
  empties: boolean;
  /** Some keys begin with `keyMark`, which is to be taken out of the text again. */
  marked: boolean;
}

/** Put before keys while they are encoded. No text begins like this. */
export const keyMark = "\ue000k8ts-5f1d0c7a9b3e\ue000";

export const walkState: WalkState = { keys: 0, unknown: 0, own: false, nulls: false, empties: false, marked: false };
