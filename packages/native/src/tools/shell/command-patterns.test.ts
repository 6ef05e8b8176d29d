import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { patternsOf } from "./command-patterns.ts";
import { outsideWords } from "./outside-words.ts";

test.each<[string, string[]]>([
  ["git status", ["git status"]],
  ["  git status  ", ["git status"]],
  ["git status; rm -rf x", ["git status", "rm -rf x"]],
  ["a && b || c | d |& e & f", ["a", "b", "c", "d", "e", "f"]],
  ["a\nb", ["a", "b"]],
  ["a \\\n b", ["a  b"]],
  ["git log $(rm x)", ["rm x", "git log $(rm x)"]],
  ["git log `rm x`", ["rm x", "git log `rm x`"]],
  ['git log "$(rm x; ls)"', ["rm x", "ls", 'git log "$(rm x; ls)"']],
  ["diff <(ls a) <(ls b)", ["ls a", "ls b", "diff <(ls a) <(ls b)"]],
  ["(cd a; make)", ["cd a", "make"]],
  ["f() { rm x; }", ["f", "{ rm x", "}"]],
  ["echo 'a; b' \"c && d\" e\\;f", ["echo 'a; b' \"c && d\" e\\;f"]],
  ["echo $'it\\'s; x' ; rm y", ["echo $'it\\'s; x'", "rm y"]],
  ["git log > out.txt", ["> out.txt", "git log"]],
  ["git log >> a 2> 'b c'", ["> a", "> 'b c'", "git log"]],
  ["make &> log", ["> log", "make"]],
  ["make 2>&1 >/dev/null", ["make"]],
  ["cat < a", ["cat < a"]],
  ["cat <<< word", ["cat <<< word"]],
  ["A=1 git status", ["A=1 git status"]],
  ["git status # ; rm x", ["git status"]],
  ["echo a#b ${#x} $#", ["echo a#b ${#x} $#"]],
  ["echo ${x%.*} ${x:0:2} ${x//a/b} ${@}", ["echo ${x%.*} ${x:0:2} ${x//a/b} ${@}"]],
  ["printf '%s' a; [ -f x ] && test -d y", ["printf '%s' a", "[ -f x ]", "test -d y"]],
  ["echo ${x:-$(rm y)}", ["rm y", "echo ${x:-$(rm y)}"]],
  ["awk '{ print a[$1] }' x[1]", ["awk '{ print a[$1] }' x[1]"]],
  ["sed 's/\\(a[1]\\)$/\\1/' x", ["sed 's/\\(a[1]\\)$/\\1/' x"]],
  ["echo $'\\e[31m' $(date)", ["date", "echo $'\\e[31m' $(date)"]],
  ["if true; then rm x; fi", ["if true", "then rm x", "fi"]],
  // What bash takes for a part of a word begins no comment, and continues no line.
  ["git log \\ #; rm x", ["git log \\ #", "rm x"]],
  ["git log\u00a0#; rm x", ["git log\u00a0#", "rm x"]],
  ["git log \r#; rm x", ["git log \r#", "rm x"]],
  ["git log \\\r\nrm x", ["git log \\\r", "rm x"]],
  ["git log >a\u00a0b", ["> a\u00a0b", "git log"]],
  ["git log \\\n# ; rm x", ["git log"]],
  ["(git log)# ; rm x", ["git log"]],
])("[A-19] %j is asked about as each of its commands", (command, patterns) => {
  expect(patternsOf(command)).toEqual(patterns);
});

test.each([
  "git log 'open",
  'git log "open',
  "git log $(open",
  "git log `open",
  "cat << END\nrm x\nEND",
  "git log )",
  "case $x in a) rm y;; esac",
  "echo `echo \\`rm x\\``",
  `echo "\${x:-'}" ; rm -rf y ; echo "'}"`,
  "> ",
  // Backticks end at the next one, whatever stands between.
  "git log `git '`; rm x; git '` #'",
  "git log `git #`; rm x\n`",
  "git log `git $(git `; rm x; git ` )`",
  // What is quoted is read a second time.
  "echo '$(rm x)'; echo ${_@P}",
  "git log '$(rm x)'; git log $[b[$_]]",
  'echo "$[b[x]]"',
  "echo '$(rm x)'; echo ${b[b[$_]]}",
  "echo '$(rm x)'; echo ${PATH:b[$_]}",
  "printf -v x 'b[\\x24(rm x)]'",
  "printf '-v' PATH .; git status",
  "echo '$(rm x)'; test -v 'a[$_]'",
  "echo ${!x}",
  "echo ${x:=y}",
  // A sign that is cut by the end of a line is another one.
  'echo "$\\\n(rm x)"',
  "echo <\\\n<E\necho 'E\nrm x\necho '",
  "echo $\\\n'a\\' ; echo ' ; rm x; #'",
  // The shell evaluates the index of an array once more.
  "printf -v 'a[$(rm x)]' 1",
  "test -v 'a[b[1]+`rm x`]'",
  'read "a[\\$(rm x)]" <<< 1',
  "printf -v a[\\$\\(rm x\\)] 1",
  "printf -v $'a[\\x24(rm x)]' 1",
  // Commands, for the newest bash.
  "git log ${ rm x; }",
  'git log "${| rm x; }"',
  "git log ${x:-<(rm y)}",
  `git log ${"$(".repeat(20)}x${")".repeat(20)}`,
  Array.from({ length: 60 }, (_, at) => `a${at}`).join(";"),
])("[A-19] %j is unclear, and no rule for its beginning covers it", (command) => {
  expect(patternsOf(command)).toEqual([`(unclear) ${command.trim()}`]);
});

test.each<[string, string[]]>([
  ["cat a/b ./c", []],
  ["cat /etc/passwd", ["/etc/passwd"]],
  ["cat ../x a/../../y", ["/x", "/y"]],
  ["cat /project/a /dev/null", []],
  ["ls ~ ~/a $HOME/b ${HOME}", ["/home/me", "/home/me/a", "/home/me/b"]],
  ["ls ~other/x", ["~other/x"]],
  ["cat $SOMEWHERE/x", ["$SOMEWHERE"]],
  ['ls $OLDPWD "${HOME}" ${x:-/}etc', ["$OLDPWD", "/home/me", "$x"]],
  ["awk '{ print $NF }' $PWD/a '{.,x}./b'", []],
  ["cat {.,x}./secret src/{a,b-c}.ts {,/}etc", ["{.,x}./secret", "{,/}etc", "/"]],
  ["curl -d @/etc/a -F f=@/etc/b -C.. a:/etc/c", ["/etc/a", "/etc/b", "/", "/etc/c"]],
  ["grep -rf/etc/passwd . -c core.hooksPath=/x", ["/etc/passwd", "/x"]],
  ["curl -d x=https://a.test/b git@a.test:me/it.git", []],
  ["cat x://../../../secret", ["/secret"]],
  ["cd", ["/home/me"]],
  ["cd -P --", ["/home/me"]],
  ["cd sub", []],
  ["cc -I/usr/include --out=/tmp/x if=/a", ["/usr/include", "/tmp/x", "/a"]],
  ["/usr/bin/env ls", []],
  ["curl file:///etc/a FILE://localhost/etc/b file:/etc/c", ["/etc/a", "/etc/b", "/etc/c"]],
  ["curl https://example.test/a", []],
  ["> /etc/x", ["/etc/x"]],
  ['cat "/etc/a b"', ["/etc/a"]],
  ["cat \\/etc/x ''/etc/y .'.'/z", ["/etc/x", "/etc/y", "/z"]],
])("[I-6] %j names these outside of the workspace", (pattern, outside) => {
  expect(outsideWords([pattern], { workspaces: ["/project"], cwd: "/project", home: "/home/me" })).toEqual(
    outside,
  );
});

test("[I-6] a link in the workspace that leads out of it is named by where it leads, also to what is not there yet", () => {
  const top = mkdtempSync(join(tmpdir(), "holdfast-links-"));
  try {
    const [cwd, other] = [join(top, "project"), join(top, "other")];
    mkdirSync(join(cwd, "sub"), { recursive: true });
    mkdirSync(other);
    symlinkSync(other, join(cwd, "out"));
    symlinkSync("out", join(cwd, "again"));
    symlinkSync(join(other, "none"), join(cwd, "dangling"));
    symlinkSync("sub", join(cwd, "in"));
    symlinkSync("loop", join(cwd, "loop"));
    const options = { workspaces: [cwd], cwd, home: undefined };
    expect(outsideWords(["cat in/a sub loop none/x"], options)).toEqual([]);
    expect(outsideWords(["cat out/a", "> again/b", "touch dangling"], options)).toEqual([
      join(other, "a"),
      join(other, "b"),
      join(other, "none"),
    ]);
    expect(outsideWords(["ls a ../project"], { ...options, cwd: other })).toEqual([]);
  } finally {
    rmSync(top, { recursive: true });
  }
});

test("[I-6] a command of more words than are looked up is unclear", () => {
  const many = Array.from({ length: 5_001 }, (_, at) => at).join(" ");
  const [only, ...rest] = outsideWords([many], {
    workspaces: ["/project"],
    cwd: "/project",
    home: undefined,
  });
  expect(only).toMatch(/^\(unclear\) /);
  expect(rest).toEqual([]);
});

test("[I-6] what names more places outside than are told is unclear: none of them goes by unasked", () => {
  const places = Array.from({ length: 30 }, (_, at) => `/tmp/${at}`);
  const outside = outsideWords([`cat ${places.join(" ")} /etc/x`], {
    workspaces: ["/project"],
    cwd: "/project",
    home: undefined,
  });
  expect(outside).toEqual([...places.slice(0, 20), expect.stringMatching(/^\(unclear\) .*\/etc\/x/)]);
});
