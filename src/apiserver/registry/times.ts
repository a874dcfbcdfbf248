import type { Clock } from "../../base/index.ts";

let secondKnown = -1;
let textKnown = "";

/** `metav1.Time`: RFC 3339 in UTC, whole seconds. */
export function timeText(ms: number): string {
  const second = Math.floor(ms / 1000);
  if (second !== secondKnown) {
    textKnown = `${new Date(second * 1000).toISOString().slice(0, 19)}Z`;
    secondKnown = second;
  }
  return textKnown;
}

export function nowText(clock: Clock): string {
  return timeText(clock.now());
}
