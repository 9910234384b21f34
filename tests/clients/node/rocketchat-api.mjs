// rocketchat-api, by callback and by promise; it tries a websocket too, which nobody answers.
import Client from 'rocketchat-api';
import { talk } from './lines.mjs';

const { protocol, hostname, port } = new URL(process.env.ROCKETCHAT_URL);
const client = new Client({ protocol: protocol.slice(0, -1), host: hostname, port });
// It gives up on a call after a second, which is little on a machine that has other work.
client.restClient.options.timeout = 30_000;

talk(async ({ part, call, args }) => {
  const object = part === undefined ? client : client[part];
  try {
    return { heard: await promised((callback) => object[call](...args, callback)) };
  } catch (error) {
    return { status: error.statusCode ?? null, refused: error.message };
  }
});

/** What a call with a callback came to. */
function promised(call) {
  return new Promise((resolve, reject) => {
    const made = call((error, heard) => (error ? reject(error) : resolve(heard)));
    // Some calls hand out a promise beside.
    made?.catch?.(reject);
  });
}
