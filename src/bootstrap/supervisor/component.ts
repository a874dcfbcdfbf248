import { join } from "node:path";
import type { Log, Platform, RunningProcess } from "../../base/index.ts";
import { describeProcess, findRecorded, saveRecord } from "../../cri/index.ts";
import type { SelfCommand } from "./self.ts";

export interface ComponentSpec {
  readonly name: string;
  readonly start: SelfCommand;
}

export interface ComponentFolders {
  readonly logs: string;
  readonly run: string;
}

const restartPauseMs = { min: 200, max: 10_000 } as const;
/** Running this long counts as healthy again. */
const steadyMs = 20_000;
const stopTimeoutMs = 15_000;
const pollMs = 20;

export const recordPath = (folders: ComponentFolders, name: string): string => join(folders.run, `${name}.json`);
export const logPath = (folders: ComponentFolders, name: string): string => join(folders.logs, `${name}.log`);

/** Keeps one process running until the signal aborts, with a growing pause between starts; then stops it. */
export async function superviseComponent(
  platform: Platform,
  log: Log,
  spec: ComponentSpec,
  folders: ComponentFolders,
  signal: AbortSignal,
): Promise<void> {
  const { clock } = platform;
  let pauseMs: number = restartPauseMs.min;
  await stopRecorded(platform, folders, spec.name);
  while (!signal.aborted) {
    const startedMs = clock.monotonic();
    const running = spawn(platform, spec, folders);
    await record(platform, folders, spec.name, running.pid);
    const exit = await Promise.race([running.exited, aborted(signal)]);
    if (exit === undefined) {
      await stop(platform, running);
      break;
    }
    if (clock.monotonic() - startedMs > steadyMs) pauseMs = restartPauseMs.min;
    log.warn("component ended and is started again", { component: spec.name, ...exit, pauseMs });
    await clock.sleep(pauseMs, signal).catch(() => undefined);
    pauseMs = Math.min(pauseMs * 2, restartPauseMs.max);
  }
  await platform.disk.remove(recordPath(folders, spec.name));
}

/** Stops a process that an earlier supervisor left behind. Containers are not its children and stay. */
export async function stopRecorded(platform: Platform, folders: ComponentFolders, name: string): Promise<void> {
  const { clock, disk, processes } = platform;
  const file = recordPath(folders, name);
  const found = await findRecorded(disk, file);
  if (found === undefined) return;
  processes.kill(found.pid, "SIGTERM");
  const deadline = clock.monotonic() + stopTimeoutMs;
  while ((await findRecorded(disk, file)) !== undefined) {
    if (clock.monotonic() > deadline) processes.kill(found.pid, "SIGKILL");
    await clock.sleep(pollMs);
  }
}

function spawn(platform: Platform, spec: ComponentSpec, folders: ComponentFolders): RunningProcess {
  const file = logPath(folders, spec.name);
  return platform.processes.spawn(spec.start.command, spec.start.args, {
    detached: true,
    stdoutFile: file,
    stderrFile: file,
  });
}

async function record(platform: Platform, folders: ComponentFolders, name: string, pid: number): Promise<void> {
  const described = await describeProcess(platform.disk, pid);
  if (described !== undefined) await saveRecord(platform.disk, recordPath(folders, name), described);
}

async function stop(platform: Platform, running: RunningProcess): Promise<void> {
  running.kill("SIGTERM");
  const timer = platform.clock.after(stopTimeoutMs, () => running.kill("SIGKILL"));
  await running.exited.catch(() => undefined);
  timer.cancel();
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener("abort", () => resolve(undefined), { once: true });
  });
}
