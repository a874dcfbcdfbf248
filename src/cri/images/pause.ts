import { pauseCodeArm64 } from "./pause-arm64.ts";
import { pauseCodeX64 } from "./pause-x64.ts";

export type Architecture = "amd64" | "arm64";

const LOAD_ADDRESS = 0x400000;
const HEADERS_BYTES = 64 + 56;
const machines = { amd64: 62, arm64: 183 } as const;

/**
 * The program of the pause container, which holds a pod's namespaces: a static ELF file of a few hundred bytes.
 *
 *     block INT, TERM, CHLD
 *     for ever: wait for one of them; CHLD → reap every zombie; INT, TERM → exit 0
 *
 * Waiting for blocked signals works for PID 1 too, for which the kernel ignores signals that nobody handles.
 */
export function pauseProgram(architecture: Architecture): Uint8Array {
  const code = architecture === "amd64" ? pauseCodeX64() : pauseCodeArm64();
  const file = new Uint8Array(HEADERS_BYTES + code.length);
  file.set(code, HEADERS_BYTES);
  const view = new DataView(file.buffer);
  writeFileHeader(view, machines[architecture]);
  writeSegmentHeader(view, file.length);
  return file;
}

/** The ELF header: 64-bit, little-endian, version 1, a static executable with one segment and no sections. */
function writeFileHeader(view: DataView, machine: number): void {
  [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1].forEach((byte, at) => view.setUint8(at, byte));
  view.setUint16(16, 2, true);
  view.setUint16(18, machine, true);
  view.setUint32(20, 1, true);
  view.setBigUint64(24, BigInt(LOAD_ADDRESS + HEADERS_BYTES), true);
  view.setBigUint64(32, 64n, true);
  view.setUint16(52, 64, true);
  view.setUint16(54, 56, true);
  view.setUint16(56, 1, true);
}

/** One loadable segment, readable and executable: the whole file. */
function writeSegmentHeader(view: DataView, fileBytes: number): void {
  view.setUint32(64, 1, true);
  view.setUint32(68, 5, true);
  view.setBigUint64(80, BigInt(LOAD_ADDRESS), true);
  view.setBigUint64(88, BigInt(LOAD_ADDRESS), true);
  view.setBigUint64(96, BigInt(fileBytes), true);
  view.setBigUint64(104, BigInt(fileBytes), true);
  view.setBigUint64(112, 0x10000n, true);
}
