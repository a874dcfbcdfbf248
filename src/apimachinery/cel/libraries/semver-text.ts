import { quote } from "../../validation/index.ts";
import { CelError } from "../values.ts";

export interface SemverParts {
  /** Major, minor, patch: 64 bits without a sign. */
  readonly numbers: readonly bigint[];
  /** Of the pre-release. */
  readonly labels: readonly string[];
}

/** In the words of the library that upstream uses. Throws `CelError`. */
export function parseSemver(text: string): SemverParts {
  if (text === "") throw new CelError("Version string empty");
  const [major = "", minor, ...rest] = text.split(".");
  if (minor === undefined || rest.length === 0) throw new CelError("No Major.Minor.Patch elements found");
  const { patch, labels, build } = patchOf(rest.join("."));
  const numbers = [numberOf("major", major), numberOf("minor", minor), numberOf("patch", patch)];
  for (const label of labels ?? []) checkLabel(label);
  for (const part of build ?? []) {
    if (part === "") throw new CelError("Build meta data is empty");
    if (!/^[0-9A-Za-z-]+$/.test(part))
      throw new CelError(`Invalid character(s) found in build meta data ${quote(part)}`);
  }
  return { numbers, labels: labels ?? [] };
}

/** The patch with what follows it: `-` and a pre-release, `+` and a build. */
function patchOf(text: string) {
  const plus = text.indexOf("+");
  const build = plus < 0 ? undefined : text.slice(plus + 1).split(".");
  const before = plus < 0 ? text : text.slice(0, plus);
  const dash = before.indexOf("-");
  const labels = dash < 0 ? undefined : before.slice(dash + 1).split(".");
  return { patch: dash < 0 ? before : before.slice(0, dash), labels, build };
}

function numberOf(part: "major" | "minor" | "patch", text: string): bigint {
  if (!/^\d*$/.test(text)) throw new CelError(`Invalid character(s) found in ${part} number ${quote(text)}`);
  if (text.length > 1 && text.startsWith("0")) {
    const name = `${part[0]?.toUpperCase()}${part.slice(1)}`;
    throw new CelError(`${name} number must not contain leading zeroes ${quote(text)}`);
  }
  return unsigned(text);
}

function unsigned(text: string): bigint {
  if (text === "") throw new CelError('strconv.ParseUint: parsing "": invalid syntax');
  const value = BigInt(text);
  if (value < 2n ** 64n) return value;
  throw new CelError(`strconv.ParseUint: parsing ${quote(text)}: value out of range`);
}

function checkLabel(label: string): void {
  if (label === "") throw new CelError("Prerelease is empty");
  if (/^\d+$/.test(label)) {
    if (label.length > 1 && label.startsWith("0")) {
      throw new CelError(`Numeric PreRelease version must not contain leading zeroes ${quote(label)}`);
    }
    unsigned(label);
  } else if (!/^[0-9A-Za-z-]+$/.test(label)) {
    throw new CelError(`Invalid character(s) found in prerelease ${quote(label)}`);
  }
}

/** Without a leading `v` and leading zeros, with the minor and the patch that are missing. Throws `CelError`. */
export function normalizedSemver(text: string): string {
  const parts = text.replace(/^v/, "").split(".");
  const [major = "", minor, ...rest] = parts;
  const given = rest.length === 0 ? parts : [major, minor ?? "", rest.join(".")];
  const trimmed = given.map((part) => {
    if (part.length < 2) return part;
    const bare = part.replace(/^0+/, "");
    return /^\d/.test(bare) ? bare : `0${bare}`;
  });
  if (trimmed.length === 3) return trimmed.join(".");
  if (/[+-]/.test(trimmed.at(-1) ?? "")) {
    throw new CelError("short version cannot contain PreRelease/Build meta data");
  }
  return [...trimmed, "0", "0"].slice(0, 3).join(".");
}
