// What the tests say to a script and what it says back: one JSON value a line, each way.
import { createInterface } from 'node:readline';

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
// What a client itself prints is no answer.
const write = process.stdout.write.bind(process.stdout);
process.stdout.write = process.stderr.write.bind(process.stderr);

/** The next value that the tests say; undefined when they have said everything. */
export async function next() {
  const { value, done } = await lines.next();
  return done ? undefined : JSON.parse(value);
}

/** The tests are told this. */
export function say(value) {
  write(`${JSON.stringify(value)}\n`);
}

/** Each thing that is said is done and answered by what came of it, until all is said. */
export async function talk(act) {
  for (let said = await next(); said !== undefined; said = await next()) {
    say(await act(said));
  }
  // A client may still hold a connection, or try to get one.
  process.exit(0);
}
