import { messageOf } from "../../base/index.ts";
import { newRe2Pattern, type Re2Pattern } from "../regex/re2.ts";
import { CelError } from "./values.ts";

const compiled = new Map<string, Re2Pattern>();
const compiledMax = 2_000;

/** RE2's syntax: time is linear in the text whatever the pattern. Throws `CelError` for a pattern that is none. */
export function compilePattern(pattern: string): Re2Pattern {
  const known = compiled.get(pattern);
  if (known !== undefined) return known;
  let made: Re2Pattern;
  try {
    made = newRe2Pattern(pattern);
  } catch (error) {
    throw new CelError(messageOf(error));
  }
  if (compiled.size >= compiledMax) compiled.clear();
  compiled.set(pattern, made);
  return made;
}

export function testPattern(text: string, pattern: string): boolean {
  return compilePattern(pattern).test(text);
}

/** Instruction codes of the compiled program. */
const op = { alternative: 1, alternativeMatch: 2, capture: 3, emptyWidth: 4, match: 6, nop: 7, runeFirst: 8 } as const;

interface Thread {
  readonly at: number;
  readonly start: number;
}

/**
 * Where a pattern first matches from `from` on, as Go's `FindStringIndex`: the library itself only says whether. All
 * threads advance together in the order of their preference, so time is linear in the text.
 */
export function findPattern(text: string, pattern: string, from: number): readonly [number, number] | undefined {
  const { prog } = compilePattern(pattern).re2();
  let current: Thread[] = [];
  let found: readonly [number, number] | undefined;
  for (let position = from; ; ) {
    const rune = position < text.length ? (text.codePointAt(position) ?? -1) : -1;
    const seen = new Set<number>();
    const ready: Thread[] = [];
    const context = contextAt(text, position, rune);
    for (const thread of current) follow(thread.at, thread.start, ready, seen, context);
    if (found === undefined) follow(prog.start, position, ready, seen, context);
    const next: Thread[] = [];
    for (const { at, start } of ready) {
      const instruction = prog.getInst(at);
      if (instruction.op === op.match) {
        found = [start, position];
        break;
      }
      if (rune >= 0 && instruction.matchRune(rune)) next.push({ at: instruction.out, start });
    }
    current = next;
    if (rune < 0 || (found !== undefined && current.length === 0)) return found;
    position += rune > 0xffff ? 2 : 1;
  }

  function follow(at: number, start: number, ready: Thread[], seen: Set<number>, context: number): void {
    const stack = [at];
    for (let pc = stack.pop(); pc !== undefined; pc = stack.pop()) {
      if (seen.has(pc)) continue;
      seen.add(pc);
      const instruction = prog.getInst(pc);
      if (instruction.op === op.alternative || instruction.op === op.alternativeMatch) {
        stack.push(instruction.arg, instruction.out);
      } else if (instruction.op === op.nop || instruction.op === op.capture) {
        stack.push(instruction.out);
      } else if (instruction.op === op.emptyWidth) {
        if ((instruction.arg & ~context) === 0) stack.push(instruction.out);
      } else if (instruction.op === op.match || instruction.op >= op.runeFirst) {
        ready.push({ at: pc, start });
      }
    }
  }
}

/** Begin of line 1, end of line 2, begin of text 4, end of text 8, word boundary 16, none 32. */
function contextAt(text: string, position: number, rune: number): number {
  const before = position === 0 ? -1 : text.charCodeAt(position - 1);
  let flags = 0;
  if (before < 0) flags |= 1 | 4;
  if (before === 10) flags |= 1;
  if (rune < 0) flags |= 2 | 8;
  if (rune === 10) flags |= 2;
  return flags | (isWord(before) === isWord(rune) ? 32 : 16);
}

function isWord(code: number): boolean {
  return code >= 0 && /[A-Za-z0-9_]/.test(String.fromCodePoint(code));
}

/** As Go's `FindAllString`: an empty match just after a match does not count. `most` below zero: all. */
export function findAllPattern(text: string, pattern: string, most: number): readonly string[] {
  const found: string[] = [];
  let end = -1;
  for (let position = 0; position <= text.length && (most < 0 || found.length < most); ) {
    const match = findPattern(text, pattern, position);
    if (match === undefined) break;
    const [from, to] = match;
    if (to > from || from !== end) found.push(text.slice(from, to));
    end = to;
    position = to > from ? to : to + ((text.codePointAt(to) ?? 0) > 0xffff ? 2 : 1);
  }
  return found;
}
