import { Assembler } from "./assembler.ts";
import { pauseSignals as signals, signalSet, WNOHANG } from "./pause-signals.ts";

const systemCalls = { exit_group: 94, rt_sigprocmask: 135, rt_sigtimedwait: 137, wait4: 260 } as const;
const conditions = { equal: 0, greater: 12 } as const;

class Arm64 extends Assembler {
  /** movz xN, #imm16 */
  set(register: number, value: number): void {
    this.emit32(0xd2800000 | (value << 5) | register);
  }

  /** movn xN, #0 */
  setMinusOne(register: number): void {
    this.emit32(0x92800000 | register);
  }

  /** adr xN, label */
  setAddress(register: number, label: string): void {
    const encode = (distance: number) =>
      0x10000000 | ((distance & 3) << 29) | (((distance >> 2) & 0x7ffff) << 5) | register;
    this.emitRelative32(label, this.position, encode);
  }

  call(name: keyof typeof systemCalls): void {
    this.set(8, systemCalls[name]);
    this.emit32(0xd4000001);
  }

  /** cmp w0, #imm12 */
  compare(value: number): void {
    this.emit32(0x7100001f | (value << 10));
  }

  jump(condition: "always" | keyof typeof conditions, label: string): void {
    const encode = (distance: number) =>
      condition === "always"
        ? 0x14000000 | ((distance >> 2) & 0x3ffffff)
        : 0x54000000 | (((distance >> 2) & 0x7ffff) << 5) | conditions[condition];
    this.emitRelative32(label, this.position, encode);
  }
}

/** The program described in `pause.ts`, for arm64. */
export function pauseCodeArm64(): Uint8Array {
  const code = new Arm64();
  code.set(0, signals.block);
  code.setAddress(1, "set");
  code.set(2, 0);
  code.set(3, signals.setBytes);
  code.call("rt_sigprocmask");

  code.label("wait");
  code.setAddress(0, "set");
  code.set(1, 0);
  code.set(2, 0);
  code.set(3, signals.setBytes);
  code.call("rt_sigtimedwait");
  code.compare(signals.SIGCHLD);
  code.jump("equal", "reap");
  code.compare(signals.SIGINT);
  code.jump("equal", "leave");
  code.compare(signals.SIGTERM);
  code.jump("equal", "leave");
  code.jump("always", "wait");

  code.label("reap");
  code.setMinusOne(0);
  code.set(1, 0);
  code.set(2, WNOHANG);
  code.set(3, 0);
  code.call("wait4");
  code.compare(0);
  code.jump("greater", "reap");
  code.jump("always", "wait");

  code.label("leave");
  code.set(0, 0);
  code.call("exit_group");

  code.label("set");
  code.emit64(signalSet());
  return code.finish();
}
