import { systemClock } from "@holdfast/kernel";
import { type FileSymbol, SYMBOL_LIMITS } from "@holdfast/protocol";
import { describe, expect, test } from "vitest";
import { type Grammar, grammarOf } from "./grammar.ts";
import { createSymbols } from "./symbols.ts";

const symbols = createSymbols(systemClock);

async function read(grammar: Grammar, text: string): Promise<FileSymbol[]> {
  const found = await symbols.of(grammar, text);
  if ("problem" in found) throw new Error(found.problem);
  expect(found.truncated).toBe(false);
  return found.items;
}

/** `name kind first-last`, lines counted from 1. */
async function outline(grammar: Grammar, text: string): Promise<string[]> {
  return (await read(grammar, text)).map(
    ({ name, kind, range: { start, end } }) => `${name} ${kind} ${start.line + 1}-${end.line + 1}`,
  );
}

const TYPESCRIPT = `import { a } from "./a.ts";

/** Opens a lane. */
export function open(name: string): Lane;
export function open(name: number): Lane;
export function open(name: unknown): Lane {
  const inner = () => 1;
  return new Lane(inner());
}
export const LIMIT = 3, other = 4;
export const later = async () => 2;
let changing = 1; // not about Lane

@sealed
export class Lane<T> extends Base {
  #held = false;
  // Said once.
  readonly name: string;
  constructor() { super(); }
  get size() { return 1; }
  set size(value) {}
  @once
  static async claim(): Promise<void> {}
  "quoted"() {}
}
interface Shape { area(): number; side: number }
type Pair<T> = [T, T];
enum Colour { red, green = 2 }
declare namespace Inner { function deep(): void }
export default function main() {}
`;

const JAVASCRIPT = `function* steps() {}
class A { static x = 1; run() {} handler = () => {} }
const B = class { go() {} };
var old = function () {};
const { torn } = old;
`;

const PYTHON = `"""A module."""
import os

LIMIT = 3
name = "x"

# Opens it.
@cached
def open_it(path):
    def inner():
        pass
    return inner


class Lane(Base):
    """Holds."""
    size = 1

    # The first.
    def __init__(self):
        self.x = 1

    @property
    def held(self):
        return True


if os.name == "nt":
    def only_there():
        pass
else:
    async def only_here():
        pass
`;

const GO = `package lane

// Limit is the most.
const Limit = 3

var (
	first, second int
	third = 4
)

// Lane holds.
type Lane[T any] struct {
	Name string
	x, y int
	Base
}

type Shape interface {
	Area() float64
}

type ID int
type Alias = Lane[int]

// Claim takes it.
func (l *Lane[T]) Claim(n int) error {
	return nil
}

func Open() {}
`;

const RUST = `//! A crate.

/// Holds.
#[derive(Debug)]
pub struct Lane<T> {
    /// Its name.
    pub name: String,
    inner: T,
}

impl<T> Lane<T> {
    /// Makes one.
    pub fn new() -> Self { todo!() }
}

impl<T> std::fmt::Display for Lane<T> {
    fn fmt(&self) {}
}

pub enum Colour { Red, Green(u8) }
pub trait Shape { const SIDES: u8; fn area(&self) -> f64; }
mod deep {
    pub fn within() {}
}
const LIMIT: u8 = 3;
static NAME: &str = "x";
type Pair = (u8, u8);
macro_rules! say { () => {} }
pub fn open() {}
`;

describe("[R-8.3] what has a name in a source, with its kind and its range", () => {
  test.each<[Grammar, string, string[]]>([
    [
      "typescript",
      TYPESCRIPT,
      [
        "open 12 3-9",
        "LIMIT 14 10-10",
        "other 14 10-10",
        "later 12 11-11",
        "changing 13 12-12",
        "Lane 5 14-25",
        "Lane.#held 7 16-16",
        "Lane.name 7 17-18",
        "Lane.constructor 9 19-19",
        "Lane.size 7 20-21",
        "Lane.claim 6 22-23",
        "Shape 11 26-26",
        "Shape.area 6 26-26",
        "Shape.side 7 26-26",
        "Pair 26 27-27",
        "Colour 10 28-28",
        "Colour.red 22 28-28",
        "Colour.green 22 28-28",
        "Inner 3 29-29",
        "Inner.deep 12 29-29",
        "main 12 30-30",
      ],
    ],
    ["tsx", "export const View = () => <p>{a}</p>;\n", ["View 12 1-1"]],
    [
      "javascript",
      JAVASCRIPT,
      [
        "steps 12 1-1",
        "A 5 2-2",
        "A.x 7 2-2",
        "A.run 6 2-2",
        "A.handler 6 2-2",
        "B 5 3-3",
        "B.go 6 3-3",
        "old 12 4-4",
      ],
    ],
    [
      "python",
      PYTHON,
      [
        "LIMIT 14 4-4",
        "name 13 5-5",
        "open_it 12 7-12",
        "Lane 5 15-25",
        "Lane.size 13 17-17",
        "Lane.__init__ 6 19-21",
        "Lane.held 6 23-25",
        "only_there 12 29-30",
        "only_here 12 32-33",
      ],
    ],
    [
      "go",
      GO,
      [
        "Limit 14 3-4",
        "first 13 7-7",
        "second 13 7-7",
        "third 13 8-8",
        "Lane 23 11-16",
        "Lane.Name 8 13-13",
        "Lane.x 8 14-14",
        "Lane.y 8 14-14",
        "Shape 11 18-20",
        "Shape.Area 6 19-19",
        "ID 5 22-22",
        "Alias 26 23-23",
        "Lane.Claim 6 25-28",
        "Open 12 30-30",
      ],
    ],
    [
      "rust",
      RUST,
      [
        "Lane 23 3-9",
        "Lane.name 8 6-7",
        "Lane.inner 8 8-8",
        "Lane.new 6 12-13",
        "Lane.fmt 6 17-17",
        "Colour 10 20-20",
        "Colour.Red 22 20-20",
        "Colour.Green 22 20-20",
        "Shape 11 21-21",
        "Shape.SIDES 14 21-21",
        "Shape.area 6 21-21",
        "deep 2 22-24",
        "deep.within 12 23-23",
        "LIMIT 14 25-25",
        "NAME 14 26-26",
        "Pair 26 27-27",
        "say 12 28-28",
        "open 12 29-29",
      ],
    ],
  ])("[R-8.3] of %s", async (grammar, text, expected) => {
    expect(await outline(grammar, text)).toEqual(expected);
  });

  test("[R-8.3] a range counts UTF-16 units, and is all of the text", async () => {
    const [found] = await read("typescript", "/* 😀 */ export class Ä {\r\n}\r\n");
    expect(found).toEqual({
      name: "Ä",
      kind: 5,
      range: { start: { line: 0, character: 0 }, end: { line: 1, character: 1 } },
    });
    const [, second] = await read("typescript", "/* 😀 */ let a = 1, b = 2;");
    expect(second?.range.start.character).toBe("/* 😀 */ let a = 1, ".length);
    expect(await outline("typescript", "let a = 1; // of a\nlet b = 2;\n")).toEqual(["a 13 1-1", "b 13 2-2"]);
  });

  test("[R-8.3] what is broken is read as far as it goes", async () => {
    expect(await outline("typescript", "function whole() {}\nclass Half {\n  run(\n")).toContain(
      "whole 12 1-1",
    );
    expect(await outline("python", "\0\0\0")).toEqual([]);
    expect(await outline("go", "")).toEqual([]);
  });
});

test("[R-8.3] the symbols of one file are limited, and so are depth, names and time", async () => {
  const many = Array.from({ length: SYMBOL_LIMITS.symbols + 1 }, (_, at) => `const a${at} = 1;`).join("\n");
  const found = await symbols.of("javascript", many);
  expect(found).toMatchObject({ truncated: true });
  expect("items" in found && found.items.length).toBe(SYMBOL_LIMITS.symbols);
  const long = "a".repeat(SYMBOL_LIMITS.nameLength + 1);
  expect(await outline("javascript", `const ${long} = 1; const b = 2;`)).toEqual(["b 14 1-1"]);
  const deep = 2_000;
  const nested = `${"namespace n { ".repeat(deep)}${"}".repeat(deep)}`;
  expect((await read("typescript", nested)).length).toBeLessThan(100);
  // Whatever becomes of a source without sense, it is answered, and the next one is read.
  await symbols.of("typescript", "<({[`${".repeat(10_000));
  expect(await outline("typescript", "let after = 1;")).toEqual(["after 13 1-1"]);
});

test.each([
  ["src/a.ts", "typescript"],
  ["src/a.d.mts", "typescript"],
  ["A.TSX", "tsx"],
  ["a.cjs", "javascript"],
  ["a.pyi", "python"],
  ["a.go", "go"],
  ["a.rs", "rust"],
  ["a.java", undefined],
  ["README.md", undefined],
  ["Makefile", undefined],
  [".ts", undefined],
  ["a.constructor", undefined],
])("[R-8.3] %s is read as %s", (path, grammar) => {
  expect(grammarOf(path)?.grammar).toBe(grammar);
});
