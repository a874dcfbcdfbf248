const plain =
  "ABRT ALRM BUS CHLD CLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF PWR QUIT SEGV STKFLT STOP SYS TERM TRAP TSTP TTIN TTOU URG USR1 USR2 VTALRM WINCH XCPU XFSZ";

/** Signals that a container of a Linux pod may be stopped by. */
export const linuxSignals: readonly string[] = [
  ...plain.split(" ").map((name) => `SIG${name}`),
  "SIGRTMIN",
  "SIGRTMAX",
  ...Array.from({ length: 15 }, (_, i) => `SIGRTMIN+${i + 1}`),
  ...Array.from({ length: 14 }, (_, i) => `SIGRTMAX-${i + 1}`),
].sort();

export const windowsSignals: readonly string[] = ["SIGKILL", "SIGTERM"];
