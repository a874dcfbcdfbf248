import type { CommandContext } from "../../base/index.ts";
import { ConfigError } from "../config/fields.ts";
import { FeatureGateError } from "../features/features.ts";
import { type HelpOptions, renderHelp } from "./help.ts";
import { FlagError, HelpRequested } from "./parse.ts";

/**
 * Runs a component as upstream's are run: `--help` prints its flags and ends with 0; what is wrong with flags or
 * configuration files is told in one line and ends with 1. Any other failure is the caller's.
 */
export async function componentCommand(
  help: HelpOptions,
  { stdout, stderr }: CommandContext,
  run: () => Promise<void>,
): Promise<number> {
  try {
    await run();
    return 0;
  } catch (error) {
    if (error instanceof HelpRequested) {
      stdout.write(renderHelp(help));
      return 0;
    }
    if (![FlagError, ConfigError, FeatureGateError].some((mistake) => error instanceof mistake)) throw error;
    const { message } = error as Error;
    stderr.write(`Error: ${message}\n`);
    return 1;
  }
}
