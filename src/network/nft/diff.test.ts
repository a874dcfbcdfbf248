import assert from "node:assert/strict";
import { test } from "node:test";
import { diffTables, replaceTable } from "./diff.ts";
import { type Chain, emptyTable, type Table } from "./table.ts";

function table(parts: {
  readonly chains?: Readonly<Record<string, Chain>>;
  readonly verdicts?: Readonly<Record<string, string>>;
}): Table {
  const verdicts = {
    type: "ipv4_addr . inet_service",
    value: "verdict",
    elements: new Map(Object.entries(parts.verdicts ?? {})),
  };
  return {
    ...emptyTable("ip", "t"),
    chains: new Map(Object.entries(parts.chains ?? {})),
    maps: new Map([["m", verdicts]]),
  };
}

test("a whole table replaces the one before in one transaction", () => {
  const batch = replaceTable(
    table({
      chains: { in: { hook: { type: "nat", at: "prerouting", priority: -100 }, rules: ["goto a"] }, a: { rules: [] } },
      verdicts: { "10.0.0.1 . 80": "goto a" },
    }),
  );
  assert.deepEqual(batch.trimEnd().split("\n"), [
    "add table ip t",
    "delete table ip t",
    "add table ip t",
    "add chain ip t in { type nat hook prerouting priority -100 ; }",
    "add chain ip t a",
    "add map ip t m { type ipv4_addr . inet_service : verdict ; }",
    "add rule ip t in goto a",
    "add element ip t m { 10.0.0.1 . 80 : goto a }",
  ]);
});

test("equal tables differ by nothing", () => {
  const make = () => table({ chains: { a: { rules: ["accept"] } }, verdicts: { "10.0.0.1 . 80": "goto a" } });
  assert.equal(diffTables(make(), make()), "");
});

test("only what changed is touched, referents before and after what refers to them", () => {
  const before = table({
    chains: { a: { rules: ["accept"] }, b: { rules: ["drop"] }, c: { rules: ["goto b"] } },
    verdicts: { "10.0.0.1 . 80": "goto a", "10.0.0.2 . 80": "goto c" },
  });
  const after = table({
    chains: { a: { rules: ["accept"] }, c: { rules: ["goto d"] }, d: { rules: ["accept"] } },
    verdicts: { "10.0.0.1 . 80": "goto a", "10.0.0.2 . 80": "goto d" },
  });
  assert.deepEqual(diffTables(before, after).trimEnd().split("\n"), [
    "add chain ip t d",
    "flush chain ip t c",
    "flush chain ip t b",
    "add rule ip t d accept",
    "add rule ip t c goto d",
    "delete element ip t m { 10.0.0.2 . 80 : goto c }",
    "add element ip t m { 10.0.0.2 . 80 : goto d }",
    "delete chain ip t b",
  ]);
});

test("many elements are split over several commands", () => {
  const verdicts = Object.fromEntries(Array.from({ length: 1_200 }, (_, at) => [`10.0.0.1 . ${at}`, "accept"]));
  const commands = diffTables(table({}), table({ verdicts })).trimEnd().split("\n");
  assert.equal(commands.length, 3);
  assert.equal(
    commands.map((command) => command.split(",").length).reduce((a, b) => a + b),
    1_200,
  );
});

test("a hook cannot change in place", () => {
  const hooked = (priority: number) =>
    table({ chains: { in: { hook: { type: "filter", at: "input", priority }, rules: [] } } });
  assert.throws(() => diffTables(hooked(0), hooked(1)), /hook cannot be changed/);
});
