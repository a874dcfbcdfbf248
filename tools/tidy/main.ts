import { checkDeadCode, deadCode } from "./dead-code.ts";
import { checkRatchet, lowerRatchet } from "./ratchet.ts";
import { readRatchets, writeRatchets } from "./ratchets.ts";
import { fileLinesMax, fileSizes, functionLinesMax, longFunctions } from "./sizes.ts";

// Lowers the ratchets to what the code is now: `./k8ts tool tidy`. It never raises them; that takes an editor, and a
// reviewer who agrees. Prints what is left to do.
const before = readRatchets();
const files = fileSizes();
const functions = longFunctions();
const dead = deadCode();
const after = {
  files: lowerRatchet(fileLinesMax, files, before.files),
  functions: lowerRatchet(functionLinesMax, functions, before.functions),
  dead: before.dead.filter((name) => dead.has(name)).sort(),
};
writeRatchets(after);
const left = [
  ...checkRatchet("a file", fileLinesMax, files, after.files),
  ...checkRatchet("a function", functionLinesMax, functions, after.functions),
  ...checkDeadCode(dead, after.dead),
];
process.stdout.write(left.length === 0 ? "tidy\n" : `${left.join("\n")}\n`);
