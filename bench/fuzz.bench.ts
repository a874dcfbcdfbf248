// Random requests against the API server, mostly of the right shape and seldom valid: none may be answered with a fault
// of the server. `--requests=N` (default 1000000), `--seed=TEXT`.
import { parseArgs } from "node:util";
import { fuzz } from "../test/fuzz/fuzz.ts";
import { printFigure } from "./figures.ts";

const { values } = parseArgs({
  options: { requests: { type: "string", default: "1000000" }, seed: { type: "string", default: "1" } },
});
const requests = Number(values.requests);
const megabyte = 1_000_000;
let settledBytes: number | undefined;

const start = performance.now();
const { answers, failures, errors } = await fuzz({
  requests,
  seed: values.seed,
  progress: (answered) => {
    // By the tenth part, names are taken and caches are full.
    if (answered >= requests / 10) settledBytes ??= process.memoryUsage.rss();
    process.stderr.write(`\r${answered} `);
  },
});
const seconds = (performance.now() - start) / 1000;
process.stderr.write("\r");
for (const failure of failures) process.stdout.write(`${failure}\n`);
for (const error of errors) process.stdout.write(`${error}\n`);
const total = [...answers.values()].reduce((sum, count) => sum + count, 0);
printFigure("requests", `${total}`, `${requests}`);
printFigure("requests, with the client in the same process", `${(total / seconds).toFixed(0)}/s`);
printFigure("refused", `${sumOf(400, 499)}`);
printFigure("server's faults", `${failures.length + errors.length}`, "0");
const growth = process.memoryUsage.rss() - (settledBytes ?? process.memoryUsage.rss());
// History and the caches of changes fill until their limits.
printFigure("memory, growth after the first tenth", `${(growth / megabyte).toFixed(0)} MB`);

function sumOf(from: number, to: number): number {
  let sum = 0;
  for (const [status, count] of answers) if (status >= from && status <= to) sum += count;
  return sum;
}
