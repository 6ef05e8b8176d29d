/**
 * Edits of one top-level member of a JSONC object that keep every comment where it is (I-12). The library's own edits take the comments
 * before a removed member along and put a new member between the last one and its comment.
 */
import { applyEdits, createScanner, type Edit, findNodeAtLocation, type Node, parseTree } from "jsonc-parser";

/** The text with the member set to the value, or without the member when it is undefined. The text must be an object that parses. */
export function setMember(text: string, key: string, value: unknown): string {
  const root = parseTree(text, [], { allowTrailingComma: true });
  if (root?.type !== "object") {
    // No object yet, at most comments.
    return value === undefined ? text : `${text}${JSON.stringify({ [key]: value }, undefined, 2)}\n`;
  }
  const found = findNodeAtLocation(root, [key]);
  if (value === undefined) return found?.parent === undefined ? text : removeMember(text, root, found.parent);
  const json = JSON.stringify(value, undefined, 2).replaceAll("\n", "\n  ");
  if (found !== undefined)
    return applyEdits(text, [{ offset: found.offset, length: found.length, content: json }]);
  return appendMember(text, root, `${JSON.stringify(key)}: ${json}`);
}

/** As the last member, on a line of its own behind everything that stands before the closing brace. */
function appendMember(text: string, root: Node, member: string): string {
  const brace = root.offset + root.length - 1;
  const last = root.children?.at(-1);
  const edits: Edit[] = [];
  if (last !== undefined && commaAfter(text, end(last)) === undefined) {
    edits.push({ offset: end(last), length: 0, content: "," });
  }
  const eol = text.includes("\r\n") ? "\r\n" : "\n";
  const blank = /[ \t]*$/.exec(text.slice(0, brace))?.[0].length ?? 0;
  const isOwnLine = text.slice(0, brace - blank).endsWith("\n");
  edits.push(
    isOwnLine
      ? { offset: brace - blank, length: 0, content: `  ${member}${eol}` }
      : { offset: brace - blank, length: blank, content: `${eol}  ${member}${eol}` },
  );
  return applyEdits(text, edits);
}

/** The member and one comma; its line too, when nothing else stands there. */
function removeMember(text: string, root: Node, member: Node): string {
  const members = root.children ?? [];
  const before = members[members.indexOf(member) - 1];
  const comma =
    commaAfter(text, end(member)) ?? (before === undefined ? undefined : commaAfter(text, end(before)));
  const edits: Edit[] = [{ offset: member.offset, length: member.length, content: "" }];
  if (comma !== undefined) edits.push({ offset: comma, length: 1, content: "" });
  const after = applyEdits(text, edits);
  const place = comma !== undefined && comma < member.offset ? member.offset - 1 : member.offset;
  const lineStart = after.lastIndexOf("\n", place - 1) + 1;
  const lineEnd = after.indexOf("\n", lineStart);
  const isBlank = lineStart > 0 && lineEnd >= 0 && after.slice(lineStart, lineEnd).trim() === "";
  return isBlank ? after.slice(0, lineStart) + after.slice(lineEnd + 1) : after;
}

/** Where the comma stands that follows a member, comments in between allowed. */
function commaAfter(text: string, offset: number): number | undefined {
  const scanner = createScanner(text, true);
  scanner.setPosition(offset);
  scanner.scan();
  const found = scanner.getTokenOffset();
  return text[found] === "," ? found : undefined;
}

const end = (node: Node): number => node.offset + node.length;
