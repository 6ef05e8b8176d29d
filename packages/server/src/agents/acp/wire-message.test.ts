import { describe, expect, test } from "vitest";
import { droppedResponseId, readLine } from "./wire-message.ts";

describe("readLine", () => {
  test.each([
    ["hello", "noise"],
    ["", "noise"],
    ["null", "noise"],
    ["42", "noise"],
    ["[1, 2, 3]", "noise"],
    ['{"jsonrpc": "2.0", "method"', "noise"],
    ['{"method":"session/update","params":{}}', "noise"],
    ['{"jsonrpc":"1.0","id":1,"result":{}}', "noise"],
    ['{"jsonrpc":"2.0","id":1}', "noise"],
    ['{"jsonrpc":"2.0","id":{},"result":{}}', "noise"],
    ['{"jsonrpc":"2.0","method":7}', "noise"],
    ['{"jsonrpc":"2.0","method":"session/update"}', "noise"],
    ['{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"s","update":[]}}', "noise"],
    ['{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"s","update":{}}}', "update"],
    ['{"jsonrpc":"2.0","id":1,"result":null}', "response"],
    ['{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"no"}}', "response"],
    ['{"jsonrpc":"2.0","id":"a","method":"session/request_permission"}', "request"],
    ['{"jsonrpc":"2.0","method":"_auth/status_update"}', "notification"],
    ['{"jsonrpc":"2.0","id":1,"result":{}}\r', "response"],
  ])("[A-12] %s is %s", (line, is) => {
    expect(readLine(line).is).toBe(is);
  });
});

describe("droppedResponseId", () => {
  test.each([
    ['{"jsonrpc":"2.0","id":3,"result":{"text":"xxx', "xxx", 3],
    ['{ "id" : "a-1", "jsonrpc":"2.0", "result":"xxx', "xxx", "a-1"],
    ['{"jsonrpc":"2.0","id":3,"error":{"code":1,"message":"xxx', "xxx", 3],
    ['{"jsonrpc":"2.0","result":{"text":"xxx', 'xxx"},"id":7}', 7],
    ['{"result":{"text":"xxx', 'xxx"},"id":"b","jsonrpc":"2.0"}', "b"],
    ['{"jsonrpc":"2.0","id":3,"method":"session/request_permission","params":{"x":"', '"}}', undefined],
    ['{"jsonrpc":"2.0","method":"session/update","params":{"id":3,"result":"', 'x"},"id":3}', undefined],
    ['{"jsonrpc":"2.0","result":{"text":"xxx', '"id":7}}', undefined],
    ["just a very long line of a program", "without any end", undefined],
  ])("[A-12] the response in %s...%s is %s", (head, tail, id) => {
    expect(droppedResponseId(head, tail)).toBe(id);
  });
});
