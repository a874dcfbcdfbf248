/** Linux numbers that are the same on x86-64 and arm64. */
export const pauseSignals = { SIGINT: 2, SIGTERM: 15, SIGCHLD: 17, block: 0, setBytes: 8 } as const;
export const WNOHANG = 1;

/** The kernel's signal set: bit n - 1 stands for signal n. */
export function signalSet(): bigint {
  const { SIGINT, SIGTERM, SIGCHLD } = pauseSignals;
  return [SIGINT, SIGTERM, SIGCHLD].reduce((set, signal) => set | (1n << BigInt(signal - 1)), 0n);
}
