/** What a reconciler gets: `namespace/name` or `name`. Never an event. */
export type Key = string;

export type Result =
  /** Done until something changes. */
  | { readonly requeueAfterMs?: undefined }
  /** Look again after so long. */
  | { readonly requeueAfterMs: number };

/** Brings the world closer to what the object wants. A throw means: again, with back-off. */
export interface Reconciler {
  reconcile(key: Key, signal: AbortSignal): Promise<Result | void>;
}
