import type { Processes } from "../../base/index.ts";

/** The addresses of this machine, the primary one first; loopback when there is no other. */
export async function machineAddresses(processes: Processes): Promise<string[]> {
  try {
    const { stdout } = await processes.run("hostname", ["-I"]);
    const found = stdout
      .trim()
      .split(/\s+/)
      .filter((one) => one !== "" && !one.toLowerCase().startsWith("fe80:"));
    const first = found.find((one) => !one.includes(":")) ?? found[0];
    if (first !== undefined) return [first];
  } catch {
    // Without the command, loopback is all that is certain.
  }
  return ["127.0.0.1"];
}
