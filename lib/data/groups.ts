/** How long the first item of a group waits for company, in milliseconds. */
const PATIENCE = 100;

/**
 * Groups a stream, so that the engine gets full batches and memory stays bounded. When the stream pauses, what has come
 * so far goes on without waiting for more: behind a pipe there may be someone who waits for an answer. When it fails,
 * what came before is given out first. Whoever stops early ends the stream, as far as it can be: one that waits for
 * input is not waited for.
 */
export async function* inGroups<T>(items: AsyncIterable<T>, size: number): AsyncGenerator<T[]> {
  const source = items[Symbol.asyncIterator]();
  let ended = false;
  let coming: Promise<IteratorResult<T>> | undefined;
  try {
    while (!ended) {
      const group: T[] = [];
      let timer: NodeJS.Timeout | undefined;
      let patience: Promise<undefined> | undefined; // begins with the first item
      let failure: { cause: unknown } | undefined;
      try {
        while (group.length < size) {
          coming ??= source.next();
          const next = await (patience === undefined ? coming : Promise.race([coming, patience]));
          if (next === undefined) break;
          coming = undefined;
          if (next.done === true) {
            ended = true;
            break;
          }
          group.push(next.value);
          patience ??= new Promise((resolve) => { timer = setTimeout(() => { resolve(undefined); }, PATIENCE); });
        }
      } catch (cause) {
        failure = { cause };
      } finally {
        clearTimeout(timer);
      }
      if (group.length > 0) yield group;
      if (failure !== undefined) throw failure.cause;
    }
  } finally {
    // What the stream still had to say is of no interest by now, a failure included.
    coming?.catch(() => undefined);
    source.return?.().catch(() => undefined);
  }
}
