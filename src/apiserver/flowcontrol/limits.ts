import type { PriorityLevelConfigurationSpec } from "../../api/index.ts";

/** Seats of one priority level. */
export interface SeatLimits {
  /** Its share of the server's seats. */
  readonly nominal: number;
  /** What stays with it when it lends all it may. */
  readonly lower: number;
  /** What it may reach by borrowing. */
  readonly upper: number;
}

interface Level {
  readonly name: string;
  readonly spec: PriorityLevelConfigurationSpec;
}

/** By upstream's formulas: nominal = ⌈server × shares ÷ all shares⌉, lendable and borrowable as parts of it. */
export function seatLimits(levels: readonly Level[], serverSeats: number): ReadonlyMap<string, SeatLimits> {
  const total = levels.reduce((sum, { spec }) => sum + sharesOf(spec), 0);
  return new Map(levels.map(({ name, spec }) => [name, limitsOf(spec, total, serverSeats)]));
}

function sharesOf({ limited, exempt }: PriorityLevelConfigurationSpec): number {
  return limited === undefined ? (exempt?.nominalConcurrencyShares ?? 0) : (limited.nominalConcurrencyShares ?? 30);
}

function limitsOf(spec: PriorityLevelConfigurationSpec, total: number, serverSeats: number): SeatLimits {
  const nominal = total === 0 ? 0 : Math.ceil((serverSeats * sharesOf(spec)) / total);
  const lendable = spec.limited?.lendablePercent ?? spec.exempt?.lendablePercent ?? 0;
  const borrowing = spec.limited?.borrowingLimitPercent;
  return {
    nominal,
    lower: nominal - Math.round((nominal * lendable) / 100),
    upper: nominal + (borrowing === undefined ? serverSeats : Math.round((nominal * borrowing) / 100)),
  };
}

/** A request takes at most this part of its level's seats. */
const requestPartMax = 0.15;

/** Most seats of one request at this level; levels that do not queue set no bound. */
export function requestSeatsMax({ limited }: PriorityLevelConfigurationSpec, nominal: number): number {
  const queuing = limited?.limitResponse?.queuing;
  if (queuing === undefined) return Number.POSITIVE_INFINITY;
  return Math.max(1, Math.min(Math.ceil(nominal * requestPartMax), Math.floor(nominal / (queuing.handSize ?? 8))));
}
