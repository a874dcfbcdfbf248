import assert from "node:assert/strict";
import { test } from "node:test";
import { compileJsonPath } from "./json-path.ts";
import { customTable } from "./table.ts";

const object = {
  spec: { replicas: 2, "a.b": "dotted", list: ["x", "y", "z"], none: null },
  status: {
    conditions: [
      { type: "Ready", status: "True", count: 3 },
      { type: "Stale", status: "False", count: 1, note: { text: "old" } },
    ],
  },
};

const cases: [path: string, ...found: unknown[]][] = [
  [".spec.replicas", 2],
  [".spec.none"],
  [".spec.absent.deeper"],
  [".spec.a\\.b", "dotted"],
  [".spec['a.b']", "dotted"],
  [".spec['a.b','replicas']", "dotted", 2],
  [".spec.list[0]", "x"],
  [".spec.list[-1]", "z"],
  [".spec.list[0,2]", "x", "z"],
  [".spec.list[1:]", "y", "z"],
  [".spec.list[0:3:2]", "x", "z"],
  [".spec.list[*]", "x", "y", "z"],
  [".status.conditions[*].type", "Ready", "Stale"],
  [".status.conditions[?(@.type=='Ready')].status", "True"],
  ['.status.conditions[?(@.type != "Ready")].status', "False"],
  [".status.conditions[?(@.count > 2)].type", "Ready"],
  [".status.conditions[?(@.count<=1)].type", "Stale"],
  [".status.conditions[?(@.note.text)].type", "Stale"],
  ['.status.conditions[?(@.note.text=="(old)")].type'],
  [".status..text", "old"],
  [".status.conditions.type"],
];
for (const [path, ...found] of cases) {
  test(`the path ${path}`, () => assert.deepEqual(compileJsonPath(path)(object), found));
}

test("paths that nobody can follow are told, and end the columns of a table", () => {
  assert.throws(() => compileJsonPath(".spec.list["), /unrecognized JSON path near "\["/);
  const column = (name: string, jsonPath: string, type = "string") => ({ name, jsonPath, type });
  const table = customTable([column("A", ".spec.replicas"), column("B", ".a["), column("C", ".spec.replicas")]);
  assert.deepEqual(
    table.columns.map(({ name }) => name),
    ["Name", "A"],
  );
});

test("cells are of their column's type, or empty", () => {
  const now = Date.parse("2026-01-01T00:00:10Z");
  const cell = (type: string, value: unknown) =>
    customTable([{ name: "A", type, jsonPath: ".v" }]).row({ metadata: {}, v: value } as never, now)[1];
  const cells = [
    cell("integer", 2.7),
    cell("integer", "2"),
    cell("number", 0.5),
    cell("number", true),
    cell("boolean", false),
    cell("boolean", "false"),
    cell("string", ["a", 1]),
    cell("string", 7),
    cell("string", null),
    cell("date", "2026-01-01T00:00:00Z"),
    cell("date", "2026-01-01T01:00:00Z"),
    cell("date", "2026"),
    cell("date", ""),
    cell("date", 7),
  ];
  assert.deepEqual(cells, [
    ...[2, null, 0.5, null, false, null, '["a",1]', "7", null],
    ...["10s", "<invalid>", "<invalid>", "<unknown>", null],
  ]);
});
