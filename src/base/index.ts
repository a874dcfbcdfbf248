export { abortable, isAbort, TimeoutError, whenAborted, withDeadline, withTimeout } from "./abort.ts";
export { AssertionError, assert, must, unreachable } from "./assert.ts";
export { BoundedQueue } from "./bounded-queue.ts";
export type { Clock, Timer } from "./clock.ts";
export type { Command, CommandContext } from "./command.ts";
export { CapturingLog, createLog, type LogEntry, type LogFormat, type LogOptions, silentLog } from "./create-log.ts";
export { createScope } from "./create-scope.ts";
export type { Disk, DiskCapacity, FileStatus, WriteOptions } from "./disk.ts";
export { isPlatformError, messageOf, PlatformError } from "./errors.ts";
export type { Runnable } from "./lifecycle.ts";
export type { Log, LogFields, LogLevel } from "./log.ts";
export type {
  Address,
  ConnectOptions,
  DatagramAddress,
  DatagramHandler,
  Listener,
  ListenOptions,
  Network,
} from "./network.ts";
export { own } from "./own.ts";
export type { Platform } from "./platform.ts";
export type {
  Exit,
  Finished,
  KillSignal,
  Processes,
  RunningProcess,
  RunOptions,
  SpawnOptions,
} from "./processes.ts";
export type { Random } from "./random.ts";
export { RealClock } from "./real/clock.ts";
export { RealDisk } from "./real/disk.ts";
export { importParts } from "./real/import-parts.ts";
export { RealNetwork } from "./real/network.ts";
export { createRealPlatform } from "./real/platform.ts";
export { RealProcesses } from "./real/processes.ts";
export { RealRandom } from "./real/random.ts";
export { standardErrorSink } from "./real/standard-streams.ts";
export { keepYoungHeapSmall, letYoungHeapGrow } from "./real/young-heap.ts";
export { CommandError, runChecked } from "./run-checked.ts";
export type { Scope } from "./scope.ts";
export { Mutex, Semaphore } from "./semaphore.ts";
export { until } from "./until.ts";
export { VirtualClock } from "./virtual/clock.ts";
export { MemoryDisk } from "./virtual/disk.ts";
export { MemoryNetwork } from "./virtual/network.ts";
export { createVirtualPlatform, type VirtualPlatform, type VirtualPlatformOptions } from "./virtual/platform.ts";
export { type Answer, type Invocation, type Script, ScriptedProcesses } from "./virtual/processes.ts";
export { SeededRandom } from "./virtual/random.ts";
