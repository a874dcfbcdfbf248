import type { SeatLimits } from "./limits.ts";

/** One priority level as the sharing out of seats sees it. */
export interface Borrower {
  readonly exempt: boolean;
  readonly limits: SeatLimits;
  /** Most seats wanted at once in the last period. */
  readonly high: number;
  /** Seats wanted, smoothed over time. */
  readonly smoothed: number;
}

export interface Shares {
  /** Seats of each level, in the order they came. */
  readonly seats: readonly number[];
  /** What each gets of what it wants, where no bound is in the way; 0 when there is nothing to share. */
  readonly fairFraction: number;
}

interface Claim {
  readonly lower: number;
  readonly upper: number;
  readonly target: number;
}

/** Wanting nothing is wanting a little, so that what is left over goes somewhere. */
const targetMin = 0.001;

/**
 * Lends idle seats to levels that want more, within the bounds of both. Upstream: KEP-1040, "Dispatching", which
 * repeats it every ten seconds.
 */
export function shareSeats(levels: readonly Borrower[]): Shares {
  const all = levels.reduce((sum, { limits }) => sum + limits.nominal, 0);
  const claims = levels.map(claimOf);
  let remaining = all;
  let lowest = 0;
  let wanted = 0;
  for (const [index, level] of levels.entries()) {
    const { lower = 0 } = claims[index] ?? {};
    if (level.exempt) remaining -= lower;
    else {
      lowest += level.limits.lower;
      wanted += lower;
    }
  }
  const seatsBy = (shares: (level: Borrower, claim: Claim) => number): readonly number[] =>
    levels.map((level, index) => {
      const claim = claims[index] ?? claimOf(level);
      return level.exempt ? claim.lower : Math.round(shares(level, claim));
    });
  if (remaining <= lowest) return { seats: seatsBy(({ limits }) => limits.lower), fairFraction: 0 };
  if (remaining <= wanted) {
    const part = (remaining - lowest) / (wanted - lowest);
    return { seats: seatsBy(({ limits }, { lower }) => limits.lower + (lower - limits.lower) * part), fairFraction: 0 };
  }
  const limited = claims.filter((_claim, index) => levels[index]?.exempt === false);
  // All of the server's, not only what exempt levels leave: their requests run in any case. Upstream does the same.
  const fairFraction = fractionFor(limited, all);
  return { seats: seatsBy((_level, claim) => granted(claim, fairFraction)), fairFraction };
}

function claimOf({ exempt, limits, high, smoothed }: Borrower): Claim {
  if (exempt) return { lower: Math.max(limits.lower, high), upper: limits.upper, target: 0 };
  const lower = Math.max(limits.lower, Math.min(limits.nominal, high));
  return { lower, upper: limits.upper, target: Math.max(targetMin, lower, smoothed) };
}

function granted({ lower, upper, target }: Claim, fraction: number): number {
  return Math.min(upper, Math.max(lower, fraction * target));
}

/** The fraction at which what is granted adds up to the sum: between two bounds the total is a straight line. */
function fractionFor(claims: readonly Claim[], sum: number): number {
  const total = (fraction: number): number => claims.reduce((seats, claim) => seats + granted(claim, fraction), 0);
  const bounds = claims.flatMap(({ lower, upper, target }) => [lower / target, upper / target]).sort((a, b) => a - b);
  let low = 0;
  for (const bound of bounds) {
    const below = total(low);
    const above = total(bound);
    if (above >= sum) return above === below ? bound : low + ((bound - low) * (sum - below)) / (above - below);
    low = bound;
  }
  return low;
}
