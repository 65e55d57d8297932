import { inGroups } from "../../lib/data/groups.js";

async function* stream(events: readonly (number | "pause" | Error)[]): AsyncGenerator<number> {
  for (const event of events) {
    if (event === "pause") await new Promise((resolve) => setTimeout(resolve, 250));
    else if (typeof event === "number") yield event;
    else throw event;
  }
}

async function groups(events: readonly (number | "pause" | Error)[], size: number): Promise<(number[] | string)[]> {
  const found: (number[] | string)[] = [];
  try {
    for await (const group of inGroups(stream(events), size)) found.push(group);
  } catch (error) {
    found.push(String(error));
  }
  return found;
}

test.each<[string, (number | "pause" | Error)[], (number[] | string)[]]>([
  ["fills groups", [1, 2, 3, 4, 5, 6], [[1, 2, 3], [4, 5, 6]]],
  ["gives the rest at the end", [1, 2, 3, 4], [[1, 2, 3], [4]]],
  ["has none of nothing", [], []],
  ["gives out what has come when the stream pauses", [1, 2, "pause", 3, 4, 5], [[1, 2], [3, 4, 5]]],
  ["waits for the first of a group as long as it takes", ["pause", 1, 2, 3, "pause", 4], [[1, 2, 3], [4]]],
  ["gives out what came before a failure", [1, 2, 3, 4, new Error("bad")], [[1, 2, 3], [4], "Error: bad"]],
])("%s", async (_, events, expected) => {
  expect(await groups(events, 3)).toEqual(expected);
});

test("whoever stops early ends the stream, which may be waiting or fail later", async () => {
  let ended = false;
  let fail: ((error: Error) => void) | undefined;
  const items: AsyncIterable<number> = {
    [Symbol.asyncIterator]: () => {
      let next = 0;
      return {
        next: () => next++ === 0
          ? Promise.resolve({ done: false, value: 1 })
          : new Promise((_, reject) => { fail = reject; }),
        return: () => {
          ended = true;
          return Promise.resolve({ done: true, value: undefined });
        },
      };
    },
  };
  for await (const group of inGroups(items, 2)) {
    expect(group).toEqual([1]);
    break;
  }
  expect(ended).toBe(true);
  fail?.(new Error("nobody listens"));
  await new Promise((resolve) => { setImmediate(resolve); });
});
