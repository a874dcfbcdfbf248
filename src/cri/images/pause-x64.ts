import { Assembler } from "./assembler.ts";
import { pauseSignals as signals, signalSet, WNOHANG } from "./pause-signals.ts";

const registers = { rax: 0, rdx: 2, rsi: 6, rdi: 7 } as const;
const systemCalls = { rt_sigprocmask: 14, exit: 60, wait4: 61, rt_sigtimedwait: 128 } as const;

class X64 extends Assembler {
  /** mov r32, imm32 (clears the upper half) */
  set(register: keyof typeof registers, value: number): void {
    this.emit(0xb8 + registers[register]);
    this.emit32(value);
  }

  /** lea r64, [rip + label] */
  setAddress(register: keyof typeof registers, label: string): void {
    this.emit(0x48, 0x8d, 0x05 | (registers[register] << 3));
    this.emitRelative32(label, this.position + 4, (distance) => distance);
  }

  /** mov r10d, imm32 */
  setFourth(value: number): void {
    this.emit(0x41, 0xba);
    this.emit32(value);
  }

  call(name: keyof typeof systemCalls): void {
    this.set("rax", systemCalls[name]);
    this.emit(0x0f, 0x05);
  }

  /** cmp eax, imm8; then je, jg or jmp */
  compare(value: number): void {
    this.emit(0x83, 0xf8, value);
  }

  jump(condition: "always" | "equal" | "greater", label: string): void {
    const opcodes = { always: [0xe9], equal: [0x0f, 0x84], greater: [0x0f, 0x8f] } as const;
    this.emit(...opcodes[condition]);
    this.emitRelative32(label, this.position + 4, (distance) => distance);
  }
}

/** The program described in `pause.ts`, for x86-64. */
export function pauseCodeX64(): Uint8Array {
  const code = new X64();
  code.set("rdi", signals.block);
  code.setAddress("rsi", "set");
  code.set("rdx", 0);
  code.setFourth(signals.setBytes);
  code.call("rt_sigprocmask");

  code.label("wait");
  code.setAddress("rdi", "set");
  code.set("rsi", 0);
  code.set("rdx", 0);
  code.setFourth(signals.setBytes);
  code.call("rt_sigtimedwait");
  code.compare(signals.SIGCHLD);
  code.jump("equal", "reap");
  code.compare(signals.SIGINT);
  code.jump("equal", "leave");
  code.compare(signals.SIGTERM);
  code.jump("equal", "leave");
  code.jump("always", "wait");

  code.label("reap");
  code.set("rdi", 0xffff_ffff);
  code.set("rsi", 0);
  code.set("rdx", WNOHANG);
  code.setFourth(0);
  code.call("wait4");
  code.compare(0);
  code.jump("greater", "reap");
  code.jump("always", "wait");

  code.label("leave");
  code.set("rdi", 0);
  code.call("exit");

  code.label("set");
  code.emit64(signalSet());
  return code.finish();
}
