import { expect, test } from "vitest";
import { secretsInVariables } from "./known-secrets.ts";

test("[S-17] of an environment the values of secrets are known, and nothing that is a word, a place or a number", () => {
  const variables = {
    HOME: "/home/me",
    PATH: "/usr/bin:/bin",
    USER: "meandmine",
    LANG: "en_US.UTF-8",
    SSH_AUTH_SOCK: "/run/user/1000/keyring/ssh",
    SSH_ASKPASS: "/usr/lib/askpass1",
    GIT_AUTHOR_NAME: "Jo Smith 2nd",
    TOKENIZERS_PARALLELISM: "false",
    AUTH_TYPE: "password1",
    API_KEY_FILE: "/etc/key1",
    SHORT_TOKEN: "abc",
    EMPTY_SECRET: undefined,
    OPENAI_API_KEY: "plain-words-only",
    DB_PASSWORD: "correcthorse",
    SERVICE_AUTH: "abc12345",
    DATABASE_URL: "postgres://me:s3cr3t-x@db/x",
    NOTE: "use q7Xv2LmP9sT4wZ8yB1nK6dR3 now",
  };
  expect(secretsInVariables(variables).toSorted()).toEqual(
    ["abc12345", "correcthorse", "plain-words-only", "q7Xv2LmP9sT4wZ8yB1nK6dR3", "s3cr3t-x"].toSorted(),
  );
});
