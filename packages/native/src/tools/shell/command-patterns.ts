/**
 * What a person or a stored rule is asked about a command: each simple command of it by itself, so that a rule for `git *` allows neither `git status; rm -rf x`
 * nor `git log $(rm -rf x)`.
 *
 * - Split at `;`, `&`, `|`, line ends, parentheses; what is substituted (`$( )`, backticks, `<( )`) is a command of its own beside the one it stands in.
 * - A file that output goes into is a subject of its own: `> path`.
 * - What this cannot read (open quotes, here-documents, a substitution that does not end) is one subject that begins with `(unclear)`: no rule for the beginning
 *   of a command covers it, only a yes for this very text. So is what the shell
 *   may read a second time, and so run though it is quoted: `printf -v 'a[$(rm x)]'`, `${_@P}`, `$[a[x]]`.
 */

/** Subjects of one command; what has more is unclear. */
const MAX_PATTERNS = 50;
/** Substitutions inside of each other. */
const MAX_DEPTH = 8;

/** At least one, none of them empty. */
export function patternsOf(command: string): string[] {
  const reader = new Reader(command);
  const isClear = reader.commands(undefined, 0) && reader.isAtEnd && !reader.mayRunQuoted;
  const found = [...new Set(reader.found)];
  return isClear && found.length > 0 && found.length <= MAX_PATTERNS
    ? found
    : [`(unclear) ${command.trim()}`];
}

/** Files that output may go into without anybody's asking. */
const NOWHERE = new Set(["/dev/null", "/dev/stdout", "/dev/stderr", "/dev/tty"]);

/** Blanks as bash has them: whatever else looks like one is a part of a word. */
function withoutBlanks(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && isBlank(text.charAt(start))) start += 1;
  while (end > start && isBlank(text.charAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

const isBlank = (unit: string): boolean => unit === " " || unit === "\t";

/** `${name}`, and forms of it that only change its text: no index, no other name, nothing that is computed or assigned. */
const BRACED = /^\$\{(?:#?\w+|[?$!#@*-]|\w+(?::\d+){1,2}|\w+(?::?[-+?]|[#%/^,])[^]*)\}$/;
/** Goes away in the middle of a sign that the shell knows, which is then another one. */
const CUT_SIGN = /[$<>&|;]\\\n/;
/** Commands that compute what they are given, and `printf`, which may assign. */
const COMPUTES =
  /(?:^|[\s;&|(!])(?:test|\[\[?|read|declare|typeset|local|export|readonly|unset|let|mapfile|readarray|getopts|wait)\s/;
const ASSIGNS = /(?:^|[\s;&|(!])printf\s+(?:-(?!-)|\$)/;

class Reader {
  readonly found: string[] = [];
  readonly #text: string;
  /** What the shell takes as it stands. */
  readonly #quoted: string[] = [];
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** What is quoted may run: something may read it a second time. */
  get mayRunQuoted(): boolean {
    if (CUT_SIGN.test(this.#text)) return true;
    const bare = this.#text.replace(/["'\\]/g, "");
    if (ASSIGNS.test(bare)) return true;
    const index = bare.search(/\w\[/);
    if (index === -1 || !this.#quoted.some((text) => /[$`]/.test(text))) return false;
    return COMPUTES.test(bare) || /\$[({]|`/.test(bare.slice(index));
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  /** Commands up to `close`, which is read, too, or to the end. False where something cannot be read. */
  commands(close: ")" | "`" | undefined, depth: number): boolean {
    if (depth > MAX_DEPTH) return false;
    let simple = "";
    // Where a word may begin, and so a comment.
    let isBetween = true;
    const end = () => {
      const told = withoutBlanks(simple);
      if (told !== "") this.found.push(told);
      simple = "";
      isBetween = true;
    };
    while (!this.isAtEnd) {
      const unit = this.#text.charAt(this.#at);
      if (unit === close) {
        this.#at += 1;
        end();
        return true;
      }
      if (unit === "#" && isBetween) this.#skipComment();
      else if (/[;&|\n]/.test(unit) && !this.#isRedirection()) {
        this.#at += 1;
        end();
      } else if (unit === "(" && (withoutBlanks(simple) === "" || /[\w)]$/.test(withoutBlanks(simple)))) {
        // A subshell, a function's brackets: what stands in it are commands.
        this.#at += 1;
        end();
        if (!this.commands(")", depth + 1)) return false;
      } else if (unit === ")" || unit === "(") return false;
      else if (this.#isRedirection()) {
        const told = this.#redirection(depth);
        if (told === undefined) return false;
        // The number of what is redirected belongs to the redirection.
        simple = simple.replace(/(^|[ \t])\d+$/, "$1") + told;
        isBetween = false;
      } else {
        const told = this.#piece(depth);
        if (told === undefined) return false;
        simple += told;
        // A line that goes on changes nothing; an escaped blank is a part of its word.
        if (told !== "") isBetween = told === " " || told === "\t";
      }
    }
    end();
    return close === undefined;
  }

  #skipComment(): void {
    const end = this.#text.indexOf("\n", this.#at);
    this.#at = end === -1 ? this.#text.length : end;
  }

  #startsWith(text: string): boolean {
    return this.#text.startsWith(text, this.#at);
  }

  #isRedirection(): boolean {
    return this.#startsWith("&>") || /^[<>]/.test(this.#text.charAt(this.#at));
  }

  /** `<`, `>` and their like, with what they lead to. Answers what of it belongs to the command. */
  #redirection(depth: number): string | undefined {
    if (this.#startsWith("<(") || this.#startsWith(">(")) {
      const start = this.#at;
      this.#at += 2;
      return this.commands(")", depth + 1) ? this.#text.slice(start, this.#at) : undefined;
    }
    if (this.#startsWith("<<<")) return this.#take(3);
    if (this.#startsWith("<<")) return undefined;
    const [operator = ""] =
      /^(&>>|&>|>>|>\||>&|<>|<&|<|>)/.exec(this.#text.slice(this.#at, this.#at + 3)) ?? [];
    this.#at += operator.length;
    if (operator === "<" || operator === "<&") return operator;
    while (/[ \t]/.test(this.#text.charAt(this.#at))) this.#at += 1;
    const start = this.#at;
    let target = "";
    while (!this.isAtEnd && !/[ \t\n;&|<>()`]/.test(this.#text.charAt(this.#at))) {
      const told = this.#piece(depth);
      if (told === undefined) return undefined;
      target += told;
    }
    if (target === "") return undefined;
    const isStream = operator === ">&" && /^[\d-]+$/.test(target);
    if (!isStream && !NOWHERE.has(target)) this.found.push(`> ${this.#text.slice(start, this.#at)}`);
    return "";
  }

  /** The next quoted text, substitution or single unit. Undefined where it does not end. */
  #piece(depth: number): string | undefined {
    const start = this.#at;
    const unit = this.#text.charAt(start);
    if (unit === "\\") return this.#startsWith("\\\n") ? this.#skip(2) : this.#asItStands(this.#take(2));
    if (unit === "'") return this.#asItStands(this.#closing(start + 1, "'"));
    if (unit === '"') return this.#doubleQuoted(depth);
    if (unit === "`") return this.#substituted(1, "`", depth);
    if (this.#startsWith("$(")) return this.#substituted(2, ")", depth);
    if (this.#startsWith("$'")) return this.#asItStands(this.#ansiQuoted(), 1);
    if (this.#startsWith("${")) return this.#braced(depth);
    // The old way to compute: an index in it is read a second time.
    if (this.#startsWith("$[")) return undefined;
    return this.#take(1);
  }

  #asItStands(text: string | undefined, from = 0): string | undefined {
    if (text !== undefined) this.#quoted.push(text.slice(from));
    return text;
  }

  #take(count: number): string {
    const told = this.#text.slice(this.#at, this.#at + count);
    this.#at += count;
    return told;
  }

  #skip(count: number): string {
    this.#at += count;
    return "";
  }

  #closing(from: number, close: string): string | undefined {
    const end = this.#text.indexOf(close, from);
    return end === -1 ? undefined : this.#take(end + 1 - this.#at);
  }

  #substituted(opening: number, close: ")" | "`", depth: number): string | undefined {
    const start = this.#at;
    this.#at += opening;
    // Backticks end at the next one, also within quotes and comments; behind a backslash may stand further ones.
    const end = close === "`" ? this.#text.indexOf(close, this.#at) : -1;
    if (end !== -1 && /[\\'"#]/.test(this.#text.slice(this.#at, end))) return undefined;
    if (!this.commands(close, depth + 1) || (end !== -1 && this.#at !== end + 1)) return undefined;
    return this.#text.slice(start, this.#at);
  }

  /** A character that is written as a number may be any: then it is unclear. */
  #ansiQuoted(): string | undefined {
    for (let at = this.#at + 2; at < this.#text.length; at += 1) {
      if (this.#text[at] === "\\") {
        at += 1;
        if (/[xuUc0-7]/.test(this.#text.charAt(at))) return undefined;
      } else if (this.#text[at] === "'") return this.#take(at + 1 - this.#at);
    }
    return undefined;
  }

  #doubleQuoted(depth: number): string | undefined {
    return this.#until('"', 1, depth);
  }

  /** Quotes mean one thing in it or another, by where it stands: then it is unclear. So is what may be commands by itself. */
  #braced(depth: number): string | undefined {
    const told = this.#until("}", 2, depth);
    return told === undefined || /["'\\]|[<>]\(/.test(told) || !BRACED.test(told) ? undefined : told;
  }

  /** Text in which substitutions work, up to `close`. */
  #until(close: string, opening: number, depth: number): string | undefined {
    if (depth > MAX_DEPTH) return undefined;
    const start = this.#at;
    this.#at += opening;
    while (!this.isAtEnd) {
      const unit = this.#text.charAt(this.#at);
      if (unit === close) {
        this.#at += 1;
        return this.#text.slice(start, this.#at);
      }
      if (unit === "\\" || unit === "`" || /^\$[({[]/.test(this.#text.slice(this.#at, this.#at + 2))) {
        if (this.#piece(depth + 1) === undefined) return undefined;
      } else this.#at += 1;
    }
    return undefined;
  }
}
