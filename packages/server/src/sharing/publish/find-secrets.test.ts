import { expect, test } from "vitest";
import { findSecrets } from "./find-secrets.ts";

/** Put together here, so that no scanner takes this file for a leak. */
const join = (...parts: string[]): string => parts.join("");
const GITHUB = join("ghp_", "16C7e42F292c6912E7710c838347Ae178B4a");
const AWS = join("AKIA", "IOSFODNN7EXAMPLE");
const AWS_SECRET = join("wJalrXUtnFEMI/K7MDENG/", "bPxRfiCYEXAMPLEKEY");
const JWT = join("eyJhbGciOiJIUzI1NiJ9.", "eyJzdWIiOiIxMjM0NTY3ODkwIn0.", "dozjgNryP4J3jVmNHl0w5N");
const STRIPE = join("sk_", "live_4eC39HqLyjWDarjtT1zdp7dc");
const REF = join("hfs_", "Q2hhbmdlIHRoaXMgaW50byBzb21ldGhpbmcgZWxzZQ", "_x1abcd2");
const RANDOM = "q7Xv2LmP9sT4wZ8yB1nK6dR3";
const PEM = [
  join("-----BEGIN RSA ", "PRIVATE KEY-----"),
  "MIIEowIBAAKCAQEAt5vh2mZ1H0fF",
  "b1pXKQ8zVYd2bq0fJk==",
  join("-----END RSA ", "PRIVATE KEY-----"),
].join("\n");

const valuesIn = (text: string): string[] => [...new Set(findSecrets(text).map(({ value }) => value))];

test.each([
  ["a service's token in a sentence", `use ${GITHUB}, please`, GITHUB],
  ["an access key", `id=${AWS}`, AWS],
  ["a secret key behind its name", `aws_secret_access_key = ${AWS_SECRET}`, AWS_SECRET],
  ["a signed token", `cookie ${JWT};`, JWT],
  ["a key of a payment service", `charge(${STRIPE})`, STRIPE],
  ["a ref of ours", `/l#${REF}`, REF],
  ["random text with nothing around it", `it says ${RANDOM} here`, RANDOM],
  [
    "hexadecimal text of a key's length",
    "key 9f86d081884c7d659a2feaa0c55ad015",
    "9f86d081884c7d659a2feaa0c55ad015",
  ],
  ["a private key", `cat id_rsa\n${PEM}\n$`, PEM],
  ["a quoted password", `password: "correct horse battery"`, "correct horse battery"],
  ["a password in JSON", `{"password":"hunter2!x","user":"me"}`, "hunter2!x"],
  ["a password in JSON within JSON", String.raw`{"body":"{\"password\":\"hunter2!x\"}"}`, "hunter2!x"],
  ["a setting of a program", "DB_PASSWORD=correcthorse", "correcthorse"],
  ["a setting with a suffix", "API_TOKEN_PROD=abc123def456", "abc123def456"],
  ["an option of a command", "mysql --password s3cretpass db", "s3cretpass"],
  ["an option with a sign", "--api-key=abc12345", "abc12345"],
  ["a header", "Authorization: Bearer abcDEF123456", "abcDEF123456"],
  ["a password in an address", "postgres://me:s3cr3t-x@db/x", "s3cr3t-x"],
  ["a token in an address", "https://x0123456789abcdefghij@example.org/a", "x0123456789abcdefghij"],
  ["a query of an address", "https://example.org/?access_token=abc123def", "abc123def"],
  ["a user of curl", "curl -u me:pa55word https://x", "pa55word"],
  ["a cookie", "Set-Cookie: sid=a1b2c3d4e5f6; Path=/", "a1b2c3d4e5f6"],
  [
    "a file within a text",
    `<img src="data:image/png;base64,${"iVBORw0KGgo".repeat(4)}">`,
    "iVBORw0KGgo".repeat(4),
  ],
])("[S-17] what leaves is looked through for secrets: %s is found", (_what, text, secret) => {
  expect(valuesIn(text)).toContain(secret);
});

test.each([
  [
    "code that passes a token on",
    "const token = await getToken(request); headers.set(token, config.apiKey);",
  ],
  ["types", "type Login = { password: string; token?: string; secretKey: undefined }"],
  ["an environment that is read", "password: process.env.DB_PASSWORD, token: ${{ secrets.TOKEN }}"],
  ["numbers of tokens", `{"tokens":{"input":123456,"output":98765},"max_tokens":4096}`],
  ["a commit of git", "commit 9fceb02d0ae598e95dc970b74767f19372d61af8\nAuthor: me"],
  ["a checksum", `"integrity": "sha512-Wb0H1Zq9X3Vf6Rk2Lm8Tn4Pc7Yd5Us0AQJ1eGxKoiB3w=="`],
  ["a path", "packages/server/src/sharing/publish/find-secrets.ts and node_modules/@types/node20/index.d.ts"],
  ["long names", "XMLHttpRequestEventTargetPrototype2 test_should_return_404_when_not_found_1"],
  ["an id of ours", "ses_01h455vb4pex5vsknk084sn02q"],
  ["an id of nobody's secret", "550e8400-e29b-41d4-a716-446655440000"],
  ["a placeholder", `apiKey: "your-api-key-here1", password: "<password1>", token=$TOKEN1`],
  ["a default", "POSTGRES_PASSWORD=postgres"],
  ["prose", "The password must be changed. Bearer authentication needs a token: see the manual."],
])("[S-17] what leaves is looked through for secrets: %s stays", (_what, text) => {
  expect(valuesIn(text)).toEqual([]);
});

test("[S-17] keys that begin and do not end take their lines alone, and one that ends takes all up to there", () => {
  const [head = "", ...body] = PEM.split("\n");
  const open = [head, ...body.slice(0, 2)].join("\n");
  const far = "far away. ".repeat(2_000);
  const keysIn = (text: string) =>
    findSecrets(text).flatMap(({ kind, value }) => (kind === "key" ? value : []));
  expect(keysIn(`${open}\n\n${far}\n${PEM}\n${open}`)).toEqual([open, PEM, open]);
  expect(keysIn(`${head}\n${PEM}`)).toEqual([`${head}\n${PEM}`]);
});

test("[S-17] a value is the same however its place spells it", () => {
  const [plain] = valuesIn(`password = 'a"b-c1d2'`);
  const [json] = valuesIn(String.raw`{"password": "a\"b-c1d2"}`);
  expect(plain).toBe(`a"b-c1d2`);
  expect(json).toBe(plain);
});
