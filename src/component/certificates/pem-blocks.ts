interface PemBlock {
  /** `CERTIFICATE`, `PRIVATE KEY`. */
  readonly type: string;
  /** From its first dash to its last. */
  readonly text: string;
  /** What is between the two lines of dashes. */
  readonly body: string;
}

const block = /-----BEGIN ([^-\n]*)-----[ \t]*\r?\n((?:[^-]|-(?!----))*)-----END \1-----/g;

/** Every block of a PEM text, in order; what stands around them is passed over. */
export function pemBlocks(text: string): readonly PemBlock[] {
  return [...text.matchAll(block)].map(([whole, type = "", body = ""]) => ({ type, text: whole, body }));
}
