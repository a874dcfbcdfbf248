import type { Disk } from "../../base/index.ts";
import { tailLogText } from "../logs/tail.ts";

const messageBytesMax = 4096;
const fallbackLines = 80;
const fallbackBytes = 2048;

export interface TerminationMessageInput {
  readonly hostPath: string | undefined;
  readonly policy: string;
  readonly logPath: string;
  readonly failed: boolean;
}

/** What a container left behind at its `terminationMessagePath`, or the end of its log where the policy says so. */
export async function terminationMessage(disk: Disk, input: TerminationMessageInput): Promise<string> {
  const written = input.hostPath === undefined ? "" : await readSome(disk, input.hostPath);
  if (written !== "" || !input.failed || input.policy !== "FallbackToLogsOnError") return written;
  try {
    return await tailLogText(disk, input.logPath, fallbackLines, fallbackBytes);
  } catch (error) {
    return `Error on reading termination message from logs: ${String(error)}`;
  }
}

async function readSome(disk: Disk, path: string): Promise<string> {
  try {
    return new TextDecoder().decode(await disk.readRange(path, 0, messageBytesMax));
  } catch {
    return "";
  }
}
