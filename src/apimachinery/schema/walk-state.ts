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
}

export const walkState: WalkState = { keys: 0, unknown: 0, own: false, nulls: false };
