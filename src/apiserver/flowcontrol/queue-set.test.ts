import assert from "node:assert/strict";
import { test } from "node:test";
import { QueueSet, type QueueSetConfig, type Ticket } from "./queue-set.ts";
import { dealHand, flowHash } from "./shuffle-shard.ts";

/**
 * Carries out a script: `+name flow seats` arrives, `-name` ends, `!name` waits no longer, `@ms` is the time. Each line
 * of the answer says what it led to.
 */
function play(config: QueueSetConfig, limit: number, script: string): string[] {
  const set = new QueueSet<string>(config, limit, 0);
  const tickets = new Map<string, Ticket<string>>();
  let nowMs = 0;
  return script
    .trim()
    .split("\n")
    .map((line) => {
      const [what = "", flow = "", seats = "1"] = line.trim().split(" ");
      const name = what.slice(1);
      const ticket = tickets.get(name);
      if (what.startsWith("@")) {
        nowMs = Number(name);
        return what;
      }
      if (what.startsWith("+")) {
        const arrival = set.arrive(name, flowHash(flow), Number(seats), nowMs);
        if (arrival.type === "refused") return `${what} ${arrival.reason}`;
        tickets.set(name, arrival.ticket);
        return `${what} ${arrival.type}`;
      }
      assert.ok(ticket !== undefined, `${name} is there`);
      if (what.startsWith("!")) return `${what} ${set.withdraw(ticket, nowMs) ? "left" : "was not waiting"}`;
      return [what, ...set.finish(ticket, nowMs).map(({ data }) => data)].join(" ");
    });
}

const many: QueueSetConfig = { queues: 64, handSize: 6, queueLengthLimit: 3 };

test("a flow that floods waits for itself, and others go before its backlog", () => {
  const told = play(
    many,
    2,
    `
    +a1 greedy
    +a2 greedy
    +a3 greedy
    +a4 greedy
    +a5 greedy
    +b1 modest
    @10
    -a1
    @20
    -a2
    @30
    -b1`,
  );
  assert.deepEqual(
    told.slice(0, 6).map((line) => line.split(" ")[1]),
    ["executing", "executing", "queued", "queued", "queued", "queued"],
  );
  // Every request of the flood lies in another queue of its hand, so the modest one has its turn among them.
  const order = told.filter((line) => line.startsWith("-")).map((line) => line.split(" ")[1]);
  assert.ok(order.indexOf("b1") >= 0 && order.indexOf("b1") <= 2, String(order));
});

test("with one queue per flow, service alternates between flows", () => {
  const one: QueueSetConfig = { queues: 64, handSize: 1, queueLengthLimit: 10 };
  const told = play(
    one,
    1,
    `
    +a1 a
    +a2 a
    +a3 a
    +b1 b
    +b2 b
    @10
    -a1
    @20
    -b1
    @30
    -a2
    @40
    -b2
    @50
    -a3`,
  );
  assert.deepEqual(
    told.filter((line) => line.startsWith("-")),
    ["-a1 b1", "-b1 a2", "-a2 b2", "-b2 a3", "-a3"],
  );
});

test("queues are bounded, and who leaves makes room", () => {
  const told = play(
    { queues: 1, handSize: 1, queueLengthLimit: 2 },
    1,
    `
    +a x
    +b x
    +c x
    +d x
    !b
    +e x
    !a
    -a`,
  );
  assert.deepEqual(told, [
    "+a executing",
    "+b queued",
    "+c queued",
    "+d queue-full",
    "!b left",
    "+e queued",
    "!a was not waiting",
    "-a c",
  ]);
});

test("wide requests wait for their seats, and one that is too wide runs alone", () => {
  const told = play(
    { queues: 1, handSize: 1, queueLengthLimit: 9 },
    4,
    `
    +a x 3
    +b x 2
    +c x 1
    -a
    +d x 9
    -b
    -c`,
  );
  assert.deepEqual(told, ["+a executing", "+b queued", "+c queued", "-a b c", "+d queued", "-b", "-c d"]);
});

test("without queues what finds no seat is refused", () => {
  const told = play({ queues: 0, handSize: 0, queueLengthLimit: 0 }, 1, "+a x\n+b x\n-a\n+c x");
  assert.deepEqual(told, ["+a executing", "+b concurrency-limit", "-a", "+c executing"]);
});

test("a higher limit lets waiting requests go", () => {
  const set = new QueueSet<string>(many, 1, 0);
  set.arrive("a", 1, 1, 0);
  set.arrive("b", 2, 1, 0);
  set.arrive("c", 3, 1, 0);
  assert.deepEqual(
    set
      .configure(many, 3, 1)
      .map(({ data }) => data)
      .sort(),
    ["b", "c"],
  );
  assert.equal(set.seatsInUse, 3);
});

test("hands hold different cards, and are spread over the deck", () => {
  const drawn = new Array<number>(64).fill(0);
  for (let flow = 0; flow < 2_000; flow++) {
    const hand: number[] = [];
    dealHand(flowHash(`flow-${flow}`), 64, 6, (card) => hand.push(card));
    assert.equal(new Set(hand).size, 6);
    for (const card of hand) drawn[card] = (drawn[card] ?? 0) + 1;
  }
  const even = (2_000 * 6) / 64;
  assert.ok(Math.min(...drawn) > even * 0.7 && Math.max(...drawn) < even * 1.3, `${Math.min(...drawn)}`);
});
