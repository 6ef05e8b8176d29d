import { describe, expect, test } from "vitest";
import { HostPolicy, requireSafeBind, urlOf } from "./host-policy.ts";

describe("which hosts and origins are ours", () => {
  const policy = new HostPolicy(4680, ["Box.example", "other.example:8443"]);

  test.each([
    ["localhost:4680", true],
    ["LOCALHOST:4680", true],
    ["[::1]:4680", true],
    ["box.example", true],
    ["box.example:4680", true],
    ["box.example:443", false],
    ["other.example:8443", true],
    ["other.example", false],
    ["a.box.example", false],
    ["localhost", false],
    [undefined, false],
  ])("[I-6] Host %s: %s", (host, isOurs) => {
    expect(policy.allowsHost(host)).toBe(isOurs);
  });

  test.each([
    ["http://localhost:4680", true],
    ["https://localhost:4680", false],
    ["https://box.example", true],
    ["https://other.example:8443", true],
    ["https://evil.example", false],
    ["http://box.example/path", false],
    ["http://user@box.example", false],
    ["null", false],
    ["", false],
  ])("[I-6] Origin %s: %s", (origin, isOurs) => {
    expect(policy.allowsOrigin(origin)).toBe(isOurs);
  });

  test("[I-6] on port 80 the names stand alone too", () => {
    const plain = new HostPolicy(80, []);
    expect(plain.allowsHost("localhost")).toBe(true);
    expect(plain.allowsOrigin("http://localhost")).toBe(true);
  });

  test.each(["*", "*.example", "http://a", ""])("[I-6] %j is no host to allow", (entry) => {
    expect(() => new HostPolicy(1, [entry])).toThrow("is not a host name");
  });

  test("[I-6] a bind that others reach needs allowed hosts and a protected way", () => {
    expect(() => requireSafeBind("127.0.0.1", [], "loopback")).not.toThrow();
    expect(() => requireSafeBind("0.0.0.0", [], "insecureHttp")).toThrow("HOLDFAST_ALLOWED_HOSTS");
    expect(() => requireSafeBind("0.0.0.0", ["a"], "loopback")).toThrow("--insecure-http");
    expect(() => requireSafeBind("::", ["a"], "proxy")).not.toThrow();
  });

  test.each([
    ["127.0.0.1", "http://127.0.0.1:7"],
    ["0.0.0.0", "http://127.0.0.1:7"],
    ["::", "http://[::1]:7"],
    ["::1", "http://[::1]:7"],
    ["box", "http://box:7"],
  ])("the address of a bind to %s is %s", (host, url) => {
    expect(urlOf(host, 7)).toBe(url);
  });
});
