export { componentCommand } from "./component-command.ts";
export { formatDuration, parseDuration } from "./duration.ts";
export { type Flag, type FlagOptions, flag } from "./flags.ts";
export { type FlagGroups, type HelpOptions, renderHelp } from "./help.ts";
export { FlagError, type FlagValues, HelpRequested, type ParsedFlags, parseFlags } from "./parse.ts";
