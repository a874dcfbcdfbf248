/** What one probe found. `unknown`: it could not be carried out. */
export interface ProbeOutcome {
  readonly verdict: "success" | "failure" | "unknown";
  readonly output: string;
}
