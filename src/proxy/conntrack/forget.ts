import { CommandError, type Processes } from "../../base/index.ts";
import { type Enter, enterCommand } from "../../network/index.ts";
import type { StaleFlows } from "./stale.ts";

/** Deletes flows from the kernel's table. None there is not an error. Rejects when conntrack is not installed. */
export async function forgetFlows(processes: Processes, enter: Enter, flows: readonly StaleFlows[]): Promise<void> {
  for (const { destination, port, endpoint } of flows) {
    const [command, args] = enterCommand(
      enter,
      ...["conntrack", "-D", "-p", "udp", "--orig-port-dst", String(port)],
      ...(destination === undefined ? [] : ["--orig-dst", destination]),
      ...(endpoint === undefined ? [] : ["--dst-nat", endpoint]),
    );
    const finished = await processes.run(command, args);
    if (finished.code !== 0 && !finished.stderr.includes("0 flow entries")) {
      throw new CommandError(command, args, finished);
    }
  }
}
