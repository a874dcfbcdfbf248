import { type Disk, isPlatformError } from "../../base/index.ts";

/** One process, told apart from a later one of the same id by its start time. */
export interface ProcessRecord {
  readonly pid: number;
  /** In clock ticks after boot, from /proc/PID/stat. */
  readonly startTicks: string;
  readonly bootId: string;
}

/** `undefined` when no such process exists. */
export async function describeProcess(disk: Disk, pid: number): Promise<ProcessRecord | undefined> {
  try {
    const [stat, bootId] = await Promise.all([
      disk.readText(`/proc/${pid}/stat`),
      disk.readText("/proc/sys/kernel/random/boot_id"),
    ]);
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (fields[0] === "Z" || fields[0] === "X") return undefined;
    return { pid, startTicks: fields[19] ?? "", bootId: bootId.trim() };
  } catch (error) {
    if (isPlatformError(error)) return undefined;
    throw error;
  }
}

export async function saveRecord(disk: Disk, file: string, record: ProcessRecord): Promise<void> {
  await disk.write(file, `${JSON.stringify(record)}\n`);
}

/** The recorded process, if it is still that very process. */
export async function findRecorded(disk: Disk, file: string): Promise<ProcessRecord | undefined> {
  const record = await readRecord(disk, file);
  if (record === undefined) return undefined;
  const found = await describeProcess(disk, record.pid);
  return found?.startTicks === record.startTicks && found.bootId === record.bootId ? found : undefined;
}

async function readRecord(disk: Disk, file: string): Promise<ProcessRecord | undefined> {
  try {
    const value: unknown = JSON.parse(await disk.readText(file));
    return isRecord(value) ? value : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || isPlatformError(error, "ENOENT")) return undefined;
    throw error;
  }
}

function isRecord(value: unknown): value is ProcessRecord {
  if (typeof value !== "object" || value === null) return false;
  const { pid, startTicks, bootId } = value as Record<string, unknown>;
  return typeof pid === "number" && pid > 0 && typeof startTicks === "string" && typeof bootId === "string";
}
