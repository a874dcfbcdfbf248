import { type Clock, createLog, type Log, standardErrorSink } from "../../base/index.ts";
import { FlagError, type FlagValues, flag } from "../flags/index.ts";

/** The logging flags that every component has upstream. */
export const logFlags = {
  v: flag.integer({ usage: "Verbosity of the log: from 4 on with details.", shorthand: "v", valueName: "Level" }),
  "logging-format": flag.text({ usage: 'Form of the log: "text" or "json".', default: "text" }),
};

/** From this verbosity on upstream's logs are for debugging. */
const debugVerbosity = 4;

/** The log of a component as its flags ask for. Throws a `FlagError` for a format that there is not. */
export function createComponentLog(
  component: string,
  flags: FlagValues<typeof logFlags>,
  clock: Clock,
  sink: (line: string) => void = standardErrorSink,
): Log {
  const format = flags["logging-format"];
  if (format !== "text" && format !== "json") {
    throw new FlagError(
      `invalid argument ${JSON.stringify(format)} for "--logging-format" flag: Unsupported log format`,
    );
  }
  const level = flags.v >= debugVerbosity ? "debug" : "info";
  return createLog({ clock, sink, level, format, fields: { component } });
}
