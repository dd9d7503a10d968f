import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Budget } from '../../../src/kinds/cel/budget.ts'
import { Environment } from '../../../src/kinds/cel/environment.ts'
import { CelCompileError, CelCostError, CelRuntimeError } from '../../../src/kinds/cel/errors.ts'
import { dynType } from '../../../src/kinds/cel/types.ts'
import { celValueOf, jsonOf } from '../../../src/kinds/structural/cel-values.ts'

const environment = new Environment({ variables: new Map([['x', dynType]]) })

function run(source: string, x: unknown = {}, units = 1_000_000): unknown {
  const program = environment.compile(source)
  const value = celValueOf(x)
  return jsonOf(program.run((name) => (name === 'x' ? value : undefined), new Budget(units)))
}

/** Each is true. By what they are about. */
const truths: Readonly<Record<string, readonly string[]>> = {
  arithmetic: [
    '1 + 2 * 3 == 7',
    '-7 / 2 == -3 && -7 % 2 == -1',
    '2.5 * 2.0 == 5.0',
    '1u + 2u == 3u',
    '-9223372036854775808 < 0',
    '0x10 == 16 && 1e3 == 1000.0',
    '1 < 1.5 && 2u > 1 && 1 == 1',
    'dyn(1) == dyn(1.0) && dyn(1u) == 1',
    '- -1 == 1 && !!true',
  ],
  logic: [
    'true || 1 / 0 == 1',
    '1 / 0 == 1 || true',
    '!(false && 1 / 0 == 1)',
    '(1 > 2 ? "a" : "b") == "b"',
    '"a" in ["a", "b"] && !("c" in {"a": 1})',
    'null == null && x.missing.orValue(1) == 1 || true',
  ],
  texts: [
    '"hello".contains("ell") && "hello".startsWith("he") && "hello".endsWith("lo")',
    '"hello".matches("^h.*o$") && matches("abc", "b")',
    'size("ünï") == 3 && "ünï".size() == 3',
    '"a,b,c".split(",") == ["a", "b", "c"] && "a,b,c".split(",", 2) == ["a", "b,c"]',
    '["a", "b"].join("-") == "a-b"',
    '"%e".format([31.4]) == "3.140000×10⁰¹" && "%f".format([1234567.5]) == "1,234,567.500000"',
    '"%s".format([{"b": [1.5], "a": "x"}]) == "{\\"a\\":\\"x\\", \\"b\\":[1.500000]}"',
    'string(1e-7) == "1e-07" && string(1234567.0) == "1.234567e+06" && string(2.5) == "2.5"',
    '"a".replace("", "b", 2) == "bab" && "abc".indexOf("a", 100) == -1',
    '"hello".substring(1, 3) == "el" && "hello".charAt(4) == "o"',
    '"banana".replace("a", "o") == "bonono" && "banana".replace("a", "o", 2) == "bonona"',
    '"tacocat".indexOf("c") == 2 && "tacocat".lastIndexOf("c") == 4 && "x".indexOf("y") == -1',
    '"ABC".lowerAscii() == "abc" && " a ".trim() == "a"',
    '"%s is %d, %.2f, %x".format(["a", 3, 1.5, 255]) == "a is 3, 1.50, ff"',
    'r"\\d" == "\\\\d" && "\\u00fc" == "ü" && b"\\xff" == b"\\377"',
    '"""a\nb""" == "a\\nb"',
    'strings.quote("a\\"b") == "\\"a\\\\\\"b\\""',
  ],
  lists: [
    '[1, 2, 3].all(i, i > 0) && [1, 2].exists(i, i == 2) && [1, 2, 2].exists_one(i, i == 1)',
    '[1, 2, 3].filter(i, i > 1) == [2, 3] && [1, 2].map(i, i * 2) == [2, 4]',
    '[1, 2, 3].map(i, i > 1, i * 2) == [4, 6]',
    '[1, 2, 3].isSorted() && [3, 1].min() == 1 && [3, 1].max() == 3 && [1, 2].sum() == 3',
    '["a", "b"].indexOf("b") == 1 && [1, 1].lastIndexOf(1) == 1',
    '[1, 2] + [3] == [1, 2, 3] && size([1]) == 1 && [5, 6][1] == 6',
    'sets.contains([1, 2], [2]) && sets.equivalent([1, 2], [2, 1, 1]) && sets.intersects([1], [1, 2])',
    '[1, 2].all(i, v, i < v) && [5, 6].exists(i, v, i == 1 && v == 6)',
    '[1, 2].transformList(i, v, i * v) == [0, 2]',
    '{"a": 1, "b": 2}.transformMap(k, v, v > 1, v * 10) == {"b": 20}',
    '[1, 2].transformMapEntry(i, v, {string(v): i}) == {"1": 0, "2": 1}',
    '[dyn(1), dyn("a")].exists(i, i == "a")',
  ],
  maps: [
    '{"a": 1}.a == 1 && {"a": 1}["a"] == 1 && size({"a": 1}) == 1',
    'has({"a": 1}.a) && !has({"a": 1}.b)',
    '{"a": 1, "b": 2}.all(k, k in ["a", "b"])',
    '{1: "x"}[dyn(1u)] == "x"',
  ],
  optionals: [
    '{"a": 1}.?a.orValue(0) == 1 && {"a": 1}.?b.orValue(0) == 0',
    '{"a": {"b": 2}}.?a.?b.value() == 2 && !{"a": 1}[?"z"].hasValue()',
    'optional.none().or(optional.of(3)).value() == 3',
    'optional.of(2).optMap(v, v + 1).value() == 3 && !optional.none().optMap(v, v).hasValue()',
    '[?optional.none(), ?optional.of(1)] == [1] && {?"a": optional.none()} == {}',
    'optional.ofNonZeroValue("") == optional.none()',
    'optional.none() != null && format.dns1123Label().validate("ok") != null',
    '[1, 2][?5].orValue(9) == 9',
    'optional.of(null).orValue(null) == null',
  ],
  times: [
    'timestamp("2024-02-29T12:30:00Z").getFullYear() == 2024',
    'timestamp("2024-01-01T00:00:00Z") + duration("1h30m") == timestamp("2024-01-01T01:30:00Z")',
    'timestamp("2024-01-02T00:00:00Z") - timestamp("2024-01-01T00:00:00Z") == duration("24h")',
    'timestamp("2024-01-01T00:00:00Z").getHours("-08:00") == 16',
    'timestamp("2024-07-01T00:00:00Z").getHours("Europe/Berlin") == 2',
    'duration("90m").getHours() == 1 && string(duration("1.5s")) == "1.5s"',
    'string(timestamp("2024-01-01T00:00:00.120Z")) == "2024-01-01T00:00:00.12Z"',
  ],
  conversions: [
    'int("42") == 42 && uint(3) == 3u && double("1.5") == 1.5 && string(1.5) == "1.5"',
    'bool("true") && string(b"abc") == "abc" && int(2.9) == 2',
    'type(1) == int && type("") == string && type([]) == list && type(null) == null_type',
    'type(timestamp("2024-01-01T00:00:00Z")) == google.protobuf.Timestamp',
  ],
  libraries: [
    'url("https://user@example.com:8080/a b?q=1&q=2") == url("x") || isURL("https://example.com/a")',
    'url("https://example.com:8080/p?q=1&q=2").getPort() == "8080"',
    'url("https://[::1]:80/p").getHostname() == "::1" && url("https://e.com/?q=1&q=2").getQuery()["q"] == ["1", "2"]',
    'isIP("10.0.0.1") && !isIP("10.0.0.256") && ip("::1").isLoopback() && ip("10.1.2.3").family() == 4',
    'cidr("10.0.0.0/8").containsIP("10.1.1.1") && !cidr("10.0.0.0/8").containsIP(ip("11.0.0.0"))',
    'cidr("10.0.0.0/8").containsCIDR("10.1.0.0/16") && cidr("10.1.2.3/8").masked() == cidr("10.0.0.0/8")',
    'ip.isCanonical("::1") && !ip.isCanonical("0:0:0:0:0:0:0:1") && string(ip("2001:db8::1")) == "2001:db8::1"',
    'quantity("1Gi").isGreaterThan(quantity("1G")) && quantity("500m").add(quantity("0.5")).compareTo(quantity("1")) == 0',
    'quantity("1k").asInteger() == 1000 && !quantity("0.5").isInteger() && isQuantity("20Mi") && !isQuantity("x")',
    'semver("1.2.3").isLessThan(semver("1.10.0")) && semver("1.0.0-alpha.1").isLessThan(semver("1.0.0"))',
    'semver("v1.2", true).minor() == 2 && !isSemver("v1.2") && isSemver("v1.2", true)',
    '"abc 123 def".find("[0-9]+") == "123" && "1 2 3".findAll("[0-9]", 2) == ["1", "2"]',
    'format.dns1123Label().validate("ok") == optional.none() && format.named("uuid").value().validate("x").hasValue()',
  ],
}

for (const [subject, expressions] of Object.entries(truths))
  test(`CEL ${subject}: what the language and Kubernetes' libraries say`, () => {
    for (const source of expressions) assert.equal(run(source), true, source)
  })

test('CEL reads JSON as Kubernetes does: whole numbers are ints, objects are maps', () => {
  assert.equal(
    run('x.n + 1 == 3 && x.d > 1.4 && x.o.deep.a == "b"', {
      n: 2,
      d: 1.5,
      o: { deep: { a: 'b' } },
    }),
    true,
  )
  assert.deepEqual(run('x.list.map(i, i.name)', { list: [{ name: 'a' }, { name: 'b' }] }), [
    'a',
    'b',
  ])
})

test('CEL refuses at compile time, with the place and cel-go’s words', () => {
  const refusals: readonly (readonly [string, RegExp])[] = [
    [
      '1 + "a"',
      /^ERROR: <input>:1:3: found no matching overload for '_\+_' applied to '\(int, string\)'\n \| 1 \+ "a"\n \| \.\.\^$/,
    ],
    ['y', /undeclared reference to 'y' \(in container ''\)/],
    ['nothing(1)', /undeclared reference to 'nothing'/],
    ['"a".size(1)', /found no matching overload for 'size' applied to 'string\.\(int\)'/],
    ['1 +', /Syntax error: mismatched input '<EOF>'/],
    ['has(1)', /invalid argument to has\(\) macro/],
    ['[1].all(1, true)', /argument must be a simple name/],
    ['"unterminated', /token recognition error/],
    ['1 ? 2 : 3', /found no matching overload for '_\?_:_' applied to '\(int, int, int\)'/],
    ['9223372036854775808', /invalid int literal/],
    ['true && 1', /:1:9: expected type 'bool' but found 'int'/],
    ['[1, "a"].size() == 2', /:1:5: expected type 'int' but found 'string'/],
    [
      '"%d".format(["a"]) == ""',
      /:1:14: error during formatting: decimal clause can only be used on integers, was given string/,
    ],
    [
      '"%s".format([1, 2]) == ""',
      /:1:12: too many arguments supplied to string.format \(expected 1, got 2\)/,
    ],
    ['"a".matches("(")', /:1:13: invalid matches argument/],
    ['duration("x") == duration("1s")', /:1:10: invalid duration argument/],
    ['(1 + 2', /Syntax error: missing '\)' at '<EOF>'/],
    ['int("x") == 1', /^type conversion error from 'string' to 'int'$/],
    ['1 + 2)', /Syntax error: extraneous input '\)' expecting <EOF>/],
    ['x.all(1, true)', /ERROR: <input>:1:7: argument must be a simple name/],
    ["x == '日本' && y", /\| ．*\.*．．\.+\^$/],
  ]
  for (const [source, message] of refusals)
    assert.throws(
      () => environment.compile(source),
      (error) => {
        assert.ok(error instanceof CelCompileError, `${source}: ${String(error)}`)
        assert.match(error.message, message)
        return true
      },
    )
})

test('CEL fails at run time with what was missing', () => {
  const failures: readonly (readonly [string, string])[] = [
    ['x.a', 'no such key: a'],
    ['x.t.a', 'no such key: a'],
    ['dyn(1) && true', 'no such overload'],
    ['size(dyn(1))', 'no such overload: size'],
    ['dyn(1).split(",")', 'no such overload: split(int, string)'],
    [
      '"%f".format([x.t])',
      'error during formatting: fixed-point clause can only be used on doubles, was given string',
    ],
    ['1 / 0', 'division by zero'],
    ['[1][3]', 'index out of bounds: 3'],
    ['9223372036854775807 + 1', 'integer overflow'],
    ['timestamp(253402300800 + 0)', 'timestamp overflow'],
    ["timestamp('9999-12-31T23:59:59Z') + duration('1s')", 'timestamp overflow'],
    ["timestamp('0001-01-01T00:00:00Z') - duration('1s')", 'timestamp overflow'],
    ['int(x.t)', "type conversion error from 'string' to 'int'"],
    ['x.a.b.c == 1', 'no such key: a'],
  ]
  for (const [source, message] of failures)
    assert.throws(
      () => run(source, { t: 'x' }),
      (error) => {
        assert.ok(error instanceof CelRuntimeError, source)
        assert.equal(error.message, message)
        return true
      },
    )
})

test('CEL stops where the budget ends', () => {
  const list = Array.from({ length: 1_000 }, (_, index) => index)
  const cubic = 'x.l.all(a, x.l.all(b, x.l.all(c, a + b + c >= 0)))'
  assert.throws(() => run(cubic, { l: list }), CelCostError)
  const doubled = (sum: string) =>
    `${`optional.of(${sum}).optFlatMap(s, `.repeat(40)}optional.of(s)${')'.repeat(40)}`
  for (const start of ['"0123456789"', '[1, 2, 3]']) {
    const whole = `optional.of(${start}).optFlatMap(s, ${doubled('s + s')})`
    assert.throws(() => run(whole), CelCostError)
  }
  assert.throws(() => run('x.l.all(i, true)', { l: list }, 100), CelCostError)
})

test('CEL names of prototypes are names like any other', () => {
  assert.equal(run('has(x.constructor) || has(x.__proto__) || has(x.toString)', {}), false)
  const hostile = JSON.parse('{"__proto__":{"a":1}}') as unknown
  assert.equal(run('x.__proto__.a == 1', hostile), true)
  const made = run('{"__proto__": 1}') as object
  assert.deepEqual(Object.keys(made), ['__proto__'])
  assert.equal(({} as Record<string, unknown>)['a'], undefined)
})
