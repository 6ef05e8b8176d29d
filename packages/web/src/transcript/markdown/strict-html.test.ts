import { describe, expect, test } from "vitest";
import { strictHtml } from "./strict-html.ts";

describe("HTML written without a browser", () => {
  test.each([
    ["<p>one <strong>two</strong></p>", "<p>one <strong>two</strong></p>"],
    ["<p>a &lt;b&gt; c</p>", "<p>a &lt;b&gt; c</p>"],
    [
      '<a href="https://a.test/?x=1&amp;y=2" title="t">x</a>',
      '<a href="https://a.test/?x=1&amp;y=2" target="_blank" rel="noopener noreferrer nofollow">x</a>',
    ],
    ['<a href="javascript:x">x</a>', '<a target="_blank" rel="noopener noreferrer nofollow">x</a>'],
    [
      '<a href="https://a.test" href="javascript:x">x</a>',
      '<a href="https://a.test" target="_blank" rel="noopener noreferrer nofollow">x</a>',
    ],
    ['<code class="x">y</code>', '<code dir="ltr">y</code>'],
    ['<td align="right">1</td>', '<td align="right">1</td>'],
    ["line<br>line", "line<br>line"],
    ["<img src=x onerror=alert(1)>", "&lt;img src=x onerror=alert(1)&gt;"],
    ["<script>x</script>", "&lt;script&gt;x&lt;/script&gt;"],
    ['<p onclick="x">y</p>', "<p>y</p>"],
    ["<p onclick=x>y</p>", "&lt;p onclick=x&gt;y"],
    ["<p", "&lt;p"],
    ["<em><strong>x</em>y", "<em><strong>x</strong></em>y"],
    ["</div></p>x", "&lt;/div&gt;x"],
    ["<ul><li>x", "<ul><li>x</li></ul>"],
  ])("[S-35] %s", (given, written) => {
    expect(strictHtml(given)).toBe(written);
  });
});
