/** Writes a line to standard error, for `createLog`. A closed pipe is not an error: there is nobody left to read. */
export function standardErrorSink(line: string): void {
  process.stderr.write(`${line}\n`);
}
