/** A hash of text in 53 bits, spread evenly (two rounds of FNV-1a with different offsets). */
export function flowHash(...parts: readonly string[]): number {
  let low = 0x811c9dc5;
  let high = 0x9e3779b1;
  for (const part of parts) {
    for (let index = 0; index < part.length; index++) {
      const unit = part.charCodeAt(index);
      low = Math.imul(low ^ unit, 0x01000193);
      high = Math.imul(high ^ unit, 0x85ebca6b);
    }
    low = Math.imul(low ^ 0x1f, 0x01000193);
    high = Math.imul(high ^ 0x1f, 0x85ebca6b);
  }
  return mixed(high ^ (low >>> 15)) * 0x200000 + (mixed(low ^ (high >>> 13)) >>> 11);
}

function mixed(value: number): number {
  let bits = Math.imul(value ^ (value >>> 16), 0x7feb352d);
  bits = Math.imul(bits ^ (bits >>> 15), 0x846ca68b);
  return (bits ^ (bits >>> 16)) >>> 0;
}

/**
 * Deals `handSize` different cards of a deck by a hash: the queues that a flow may use. Two flows seldom share a
 * whole hand, so one that floods its own queues leaves others a free one. Calls `take` with each card.
 */
export function dealHand(hash: number, deckSize: number, handSize: number, take: (card: number) => void): void {
  const dealt: number[] = [];
  let rest = hash;
  for (let size = deckSize; size > deckSize - handSize; size--) {
    let card = rest % size;
    rest = Math.floor(rest / size);
    // The card counts among those that are left.
    for (const earlier of dealt) if (card >= earlier) card++;
    dealt.push(card);
    dealt.sort((a, b) => a - b);
    take(card);
  }
}
