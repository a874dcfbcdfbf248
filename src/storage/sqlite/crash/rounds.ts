import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { type Clock, must, type Processes, type Random } from "../../../base/index.ts";
import { openSqliteStore } from "../sqlite-store.ts";

export interface CrashOptions {
  readonly path: string;
  readonly rounds: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly processes: Processes;
  /** A round has at least so many acknowledged writes, and up to twice as many. */
  readonly writesMin: number;
}

/** What the file may hold for a key: what was acknowledged last, or what was on its way. */
interface Knowledge {
  acknowledged: string;
  revision: number;
  issued: string | undefined;
}

export interface CrashReport {
  readonly acknowledged: number;
  readonly inFlight: number;
}

/** So long a killer may hesitate, that it does not always come right after an acknowledgement. */
const hesitationMsMax = 20;

/** Kills a writing process again and again, and throws when a write was lost or invented. */
export async function runCrashRounds(options: CrashOptions): Promise<CrashReport> {
  const known = new Map<string, Knowledge>();
  let acknowledged = 0;
  let inFlight = 0;
  for (let round = 0; round < options.rounds; round++) {
    acknowledged += learn(known, await writeAndKill(options, round));
    inFlight += [...known.values()].filter(({ issued }) => issued !== undefined).length;
    await verify(options, known);
  }
  return { acknowledged, inFlight };
}

/** The complete lines that one child got out before it was killed. */
async function writeAndKill({ path, clock, random, processes, writesMin }: CrashOptions, round: number) {
  const script = fileURLToPath(new URL("./writer.ts", import.meta.url));
  const child = processes.spawn(process.execPath, [script, path, String(round)]);
  const stdout = must(child.stdout, "output is piped");
  let output = "";
  let complaint = "";
  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
    complaint += chunk;
  });
  stdout.setEncoding("utf8");
  const [writes, hesitationMs] = [writesMin * (1 + random.next()), random.next() * hesitationMsMax];
  let acknowledged = 0;
  await new Promise<void>((resolve) => {
    stdout.on("data", (chunk: string) => {
      const before = acknowledged;
      output += chunk;
      // A line is counted in the chunk that ends its mark.
      acknowledged += chunk.split("!").length - 1;
      if (before < writes && acknowledged >= writes) clock.after(hesitationMs, () => child.kill("SIGKILL"));
    });
    stdout.on("close", () => resolve());
  });
  const exit = await child.exited;
  assert.equal(exit.signal, "SIGKILL", `the writer ended by itself: ${complaint}`);
  return output.slice(0, output.lastIndexOf("\n")).split("\n");
}

function learn(known: Map<string, Knowledge>, lines: readonly string[]): number {
  let acknowledged = 0;
  for (const line of lines) {
    const [mark, key = "", value = "", revision = ""] = line.split(" ");
    const knowledge = known.get(key) ?? { acknowledged: "-", revision: 0, issued: undefined };
    known.set(key, knowledge);
    if (mark === "?") {
      knowledge.issued = value;
      continue;
    }
    knowledge.acknowledged = value;
    knowledge.revision = Number(revision);
    knowledge.issued = undefined;
    acknowledged++;
  }
  return acknowledged;
}

async function verify({ path, clock }: CrashOptions, known: Map<string, Knowledge>): Promise<void> {
  const store = await openSqliteStore({ clock, path });
  const found = new Map((await store.list("/key/")).entries.map((entry) => [entry.key, entry]));
  const revision = await store.currentRevision();
  await store.close();
  for (const key of found.keys()) assert.ok(known.has(key), `${key} was never written`);
  for (const [key, knowledge] of known) {
    const entry = found.get(key);
    const value = entry === undefined ? "-" : Buffer.from(entry.value).toString().replace(/x+$/, "");
    const possible = [knowledge.acknowledged, knowledge.issued ?? knowledge.acknowledged];
    assert.ok(possible.includes(value), `${key} holds ${value}, not one of ${possible.join(", ")}`);
    assert.ok(revision >= knowledge.revision, `revision ${revision} is below the acknowledged ${knowledge.revision}`);
    if (entry !== undefined && value === knowledge.acknowledged)
      assert.equal(entry.modRevision, knowledge.revision, key);
    knowledge.acknowledged = value;
    knowledge.revision = entry?.modRevision ?? knowledge.revision;
    knowledge.issued = undefined;
  }
}
