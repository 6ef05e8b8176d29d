import { expect, test } from "vitest";
import { scratch } from "./agent-process.ts";
import { SdkClient } from "./sdk-client.ts";

test("[A-2] ASKFORM and ASKURL ask nobody where the client shows no questions", async () => {
  const place = scratch();
  const agent = new SdkClient(place.home);
  try {
    const session = await agent.newSession(place.cwd);
    expect(await agent.turn(session, "ASKFORM which? | a: text\nASKURL https://example.org")).toMatchObject({
      text: "This client shows nobody a question.\nThis client shows nobody a question.\n",
    });
  } finally {
    await agent.close();
    place.remove();
  }
});
