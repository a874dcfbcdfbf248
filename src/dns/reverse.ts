/** The address of an `in-addr.arpa` or `ip6.arpa` name, its labels in the order of the name; else `undefined`. */
export function reverseAddress(labels: readonly string[]): string | undefined {
  if (labels.at(-1) !== "arpa") return undefined;
  const digits = labels.slice(0, -2).toReversed();
  if (labels.at(-2) === "in-addr" && digits.length === 4) return digits.join(".");
  if (labels.at(-2) !== "ip6" || digits.length !== 32) return undefined;
  const groups = Array.from({ length: 8 }, (_, index) => digits.slice(index * 4, index * 4 + 4).join(""));
  return URL.canParse(`http://[${groups.join(":")}]`)
    ? new URL(`http://[${groups.join(":")}]`).hostname.slice(1, -1)
    : undefined;
}
