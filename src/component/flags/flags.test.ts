import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { formatDuration, parseDuration } from "./duration.ts";
import { flag } from "./flags.ts";
import { renderHelp } from "./help.ts";
import { FlagError, HelpRequested, parseFlags } from "./parse.ts";

const flags = {
  "bind-address": flag.text({ usage: "The address to listen on.", default: "0.0.0.0" }),
  "secure-port": flag.integer({ usage: "The port to listen on.", default: 10259 }),
  "leader-elect": flag.boolean({ usage: "Elect a leader.", default: true }),
  "feature-gates": flag.booleanMap({ usage: "Gates." }),
  "node-labels": flag.map({ usage: "Labels." }),
  controllers: flag.textList({ usage: "Controllers.", default: ["*"] }),
  "tls-sni-cert-key": flag.textArray({ usage: "Pairs." }),
  "lease-duration": flag.duration({ usage: "How long.", default: 15_000 }),
  "kube-api-qps": flag.number({ usage: "Rate." }),
  v: flag.integer({ usage: "Verbosity.", shorthand: "v" }),
  quiet: flag.boolean({ usage: "Quiet.", shorthand: "q" }),
  port: flag.integer({ usage: "Old.", deprecated: "use --secure-port" }),
};

const parse = (...args: string[]) => parseFlags(flags, args);

describe("flags", () => {
  test("values come with an equals sign or as the next argument", () => {
    const { values, given, positional } = parse("--bind-address=::", "--secure-port", "443", "a", "--", "--b");
    assert.deepEqual([values["bind-address"], values["secure-port"]], ["::", 443]);
    assert.deepEqual([...given], ["bind-address", "secure-port"]);
    assert.deepEqual(positional, ["a", "--b"]);
    assert.equal(values["lease-duration"], 15_000);
  });

  test("booleans take a value only with an equals sign", () => {
    assert.equal(parse("--leader-elect=false").values["leader-elect"], false);
    const { values, positional } = parse("--leader-elect", "false");
    assert.deepEqual([values["leader-elect"], positional], [true, ["false"]]);
  });

  test("underscores are dashes", () => {
    assert.equal(parse("--secure_port=1").values["secure-port"], 1);
  });

  test("shorthands stand alone, together, and before their value", () => {
    assert.equal(parse("-v", "4").values.v, 4);
    assert.equal(parse("-v=4").values.v, 4);
    const { values } = parse("-qv4");
    assert.deepEqual([values.quiet, values.v], [true, 4]);
  });

  test("lists replace the default, then grow; arrays keep commas; maps merge", () => {
    const { values } = parse(
      "--controllers=a,b",
      '--controllers="c,d",e',
      "--tls-sni-cert-key=x,y",
      "--tls-sni-cert-key=z",
      "--node-labels=a=1,b=x=y",
      "--node-labels=c=3",
      "--feature-gates=A=true,B=false",
      "--feature-gates=C=1",
    );
    assert.deepEqual(values.controllers, ["a", "b", "c,d", "e"]);
    assert.deepEqual(values["tls-sni-cert-key"], ["x,y", "z"]);
    assert.deepEqual(values["node-labels"], { a: "1", b: "x=y", c: "3" });
    assert.deepEqual(values["feature-gates"], { A: true, B: false, C: true });
  });

  test("mistakes are told in pflag's words", () => {
    const cases: readonly (readonly [readonly string[], string])[] = [
      [["--nope"], "unknown flag: --nope"],
      [["--nope=1"], "unknown flag: --nope"],
      [["-x"], "unknown shorthand flag: 'x' in -x"],
      [["-qx"], "unknown shorthand flag: 'x' in -x"],
      [["--bind-address"], "flag needs an argument: --bind-address"],
      [["-v"], "flag needs an argument: 'v' in -v"],
      [["--=x"], "bad flag syntax: --=x"],
      [
        ["--secure-port=a"],
        'invalid argument "a" for "--secure-port" flag: strconv.ParseInt: parsing "a": invalid syntax',
      ],
      [["-v=a"], 'invalid argument "a" for "-v, --v" flag: strconv.ParseInt: parsing "a": invalid syntax'],
      [["--quiet=x"], 'invalid argument "x" for "-q, --quiet" flag: strconv.ParseBool: parsing "x": invalid syntax'],
      [["--lease-duration=5"], 'invalid argument "5" for "--lease-duration" flag: time: missing unit in duration "5"'],
      [["--feature-gates=A"], 'invalid argument "A" for "--feature-gates" flag: malformed pair, expect string=bool'],
      [["--toString"], "unknown flag: --toString"],
    ];
    for (const [args, message] of cases) {
      assert.throws(() => parseFlags(flags, args), new FlagError(message));
    }
  });

  test("help is asked for, and deprecated flags say so", () => {
    assert.throws(() => parse("--help"), HelpRequested);
    assert.throws(() => parse("-h"), HelpRequested);
    assert.deepEqual(parse("--port=0").warnings, ["Flag --port has been deprecated, use --secure-port"]);
  });
});

test("durations are read and written as in Go", () => {
  const cases: readonly (readonly [string, number, string])[] = [
    ["1h30m", 5_400_000, "1h30m0s"],
    ["1.5s", 1_500, "1.5s"],
    ["-10m", -600_000, "-10m0s"],
    ["300ms", 300, "300ms"],
    ["1us", 0.001, "1µs"],
    ["0", 0, "0s"],
    [".5h", 1_800_000, "30m0s"],
  ];
  for (const [text, ms, formatted] of cases) {
    assert.equal(parseDuration(text), ms, text);
    assert.equal(formatDuration(ms), formatted, text);
  }
  assert.throws(() => parseDuration(""), { message: 'time: invalid duration ""' });
  assert.throws(() => parseDuration("x"), { message: 'time: invalid duration "x"' });
  assert.throws(() => parseDuration("3d"), { message: 'time: unknown unit "d" in duration "3d"' });
});

test("help groups the flags and hides the deprecated ones", () => {
  const { port, v, quiet, "bind-address": address, "lease-duration": lease, controllers } = flags;
  const groups = {
    Serving: { port, "bind-address": address },
    Misc: { v, quiet, controllers, "lease-duration": lease },
  };
  assert.equal(
    renderHelp({ command: "k8ts scheduler", about: "Places pods on nodes.", groups }),
    [
      "Places pods on nodes.",
      "",
      "Usage:",
      "  k8ts scheduler [flags]",
      "",
      "Serving flags:",
      "",
      '      --bind-address string   The address to listen on. (default "0.0.0.0")',
      "",
      "Misc flags:",
      "",
      "      --controllers strings       Controllers. (default [*])",
      "      --lease-duration duration   How long. (default 15s)",
      "  -q, --quiet                     Quiet.",
      "  -v, --v int                     Verbosity.",
      "",
    ].join("\n"),
  );
});
