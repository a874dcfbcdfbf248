import assert from "node:assert/strict";
import { it } from "node:test";
import { SeededRandom } from "../../base/index.ts";
import { compareKeys } from "../keys.ts";
import { SortedMap } from "./sorted-map.ts";

/** Keys in the map, from a place on. */
function keysFrom(map: SortedMap<number>, start: string): string[] {
  const keys: string[] = [];
  map.scan(map.lowerBound(start), (key) => {
    keys.push(key);
    return true;
  });
  return keys;
}

for (const [what, letters] of [
  ["plain keys", ["a", "b", "c", "/", "-", "0"]],
  ["keys whose UTF-16 order is not that of their bytes", ["a", "\u{1f600}", "\uffee", "\ue000", "é"]],
] as const) {
  it(`a sorted map agrees with a sorted array: ${what}`, () => {
    const random = new SeededRandom(7);
    const below = (limit: number) => Math.floor(random.next() * limit);
    const randomKey = () => Array.from({ length: 1 + below(6) }, () => letters[below(letters.length)]).join("");
    const map = new SortedMap<number>();
    const model = new Map<string, number>();
    for (let step = 0; step < 20_000; step++) {
      const key = randomKey();
      if (random.next() < (step < 12_000 ? 0.2 : 0.8)) {
        assert.equal(map.delete(key), model.delete(key));
      } else {
        map.set(key, step);
        model.set(key, step);
      }
      assert.equal(map.get(key), model.get(key));
      assert.equal(map.size, model.size);
      if (step % 500 !== 0) continue;
      const sorted = [...model.keys()].sort(compareKeys);
      assert.deepEqual(keysFrom(map, ""), sorted);
      const start = randomKey();
      const after = sorted.filter((other) => compareKeys(other, start) > 0);
      const prefixed = sorted.filter((other) => other.startsWith(start));
      assert.deepEqual(
        keysFrom(map, start).filter((other) => other !== start),
        after,
      );
      assert.equal(map.count(map.lowerBound(start), map.prefixEnd(start)), prefixed.length);
      assert.equal(map.count(map.upperBound(start), map.lowerBound("\u{10ffff}")), after.length);
    }
  });
}

it("comparison of keys is that of their UTF-8 bytes", () => {
  const random = new SeededRandom(3);
  const points = [0x41, 0x7f, 0xe9, 0x7ff, 0xd7ff, 0xe000, 0xffff, 0x10000, 0x1f600, 0x10ffff];
  const text = () =>
    Array.from({ length: Math.floor(random.next() * 4) }, () =>
      String.fromCodePoint(points[Math.floor(random.next() * points.length)] ?? 0),
    ).join("");
  for (let round = 0; round < 5000; round++) {
    const [left, right] = [text(), text()];
    const expected = Buffer.compare(Buffer.from(left), Buffer.from(right));
    assert.equal(Math.sign(compareKeys(left, right)), expected, JSON.stringify([left, right]));
  }
});
