type Query = Readonly<Record<string, string | number | undefined>>;

/** `Link` headers of a list: the same query with the other page's cursor (I-4). `next` is older, `prev` newer. */
export function pageLinks(
  path: string,
  query: Query,
  page: { next?: string | undefined; prev?: string | undefined },
): Record<string, string> {
  const links: string[] = [];
  if (page.next !== undefined) links.push(`<${path}?${search(query, "before", page.next)}>; rel="next"`);
  if (page.prev !== undefined) links.push(`<${path}?${search(query, "after", page.prev)}>; rel="prev"`);
  return links.length === 0 ? {} : { link: links.join(", ") };
}

function search(query: Query, direction: string, cursor: string): string {
  const kept = new URLSearchParams();
  for (const [name, value] of Object.entries(query))
    if (value !== undefined && name !== "before" && name !== "after") kept.set(name, String(value));
  kept.set(direction, cursor);
  return kept.toString();
}
