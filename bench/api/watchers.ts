// Opens watches and counts what they deliver. Arguments: url, token, path, watchers, connections.
// Prints one JSON line when all are open, and on every line it reads the number of events so far.
import { connect } from "node:http2";
import { createInterface } from "node:readline";

const [url = "", token = "", path = "", watchers = "1", connections = "1"] = process.argv.slice(2);
/** Each event ends with one, and JSON holds no other. */
const lineFeed = 0x0a;
let events = 0;
let bytes = 0;
let opened = 0;
/** Watches that the server ended. */
let ended = 0;

const sessions = Array.from({ length: Number(connections) }, () => {
  const session = connect(url, {
    rejectUnauthorized: false,
    settings: { initialWindowSize: 4 * 1024 * 1024 },
    // As other clients, it takes what its windows allow.
    maxSessionMemory: 1_000,
  });
  session.once("connect", () => session.setLocalWindowSize(32 * 1024 * 1024));
  return session;
});

function count(chunk: Buffer): void {
  bytes += chunk.length;
  for (let at = chunk.indexOf(lineFeed); at >= 0; at = chunk.indexOf(lineFeed, at + 1)) events += 1;
}

await new Promise<void>((resolve) => {
  for (let index = 0; index < Number(watchers); index += 1) {
    const session = sessions[index % sessions.length];
    const stream = session?.request({ ":path": path, authorization: `Bearer ${token}` });
    stream?.on("data", count);
    stream?.once("close", () => {
      ended += 1;
    });
    stream?.once("response", ({ ":status": status }) => {
      if (status !== 200) throw new Error(`a watch was answered with ${status}`);
      opened += 1;
      if (opened === Number(watchers)) resolve();
    });
  }
});
const report = (): void => void process.stdout.write(`${JSON.stringify({ events, bytes, opened, ended })}\n`);
report();
createInterface({ input: process.stdin })
  .on("line", report)
  .once("close", () => {
    for (const session of sessions) session.destroy();
  });
