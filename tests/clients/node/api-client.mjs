// @rocket.chat/api-client with its own handler of second factors, which asks the tests for the code.
import { RestClient } from '@rocket.chat/api-client';
import { next, say, talk } from './lines.mjs';

const client = new RestClient({ baseUrl: process.env.ROCKETCHAT_URL });

client.handleTwoFactorChallenge(async (asked) => {
  say({ asked });
  return (await next()).code;
});

talk(async ({ method, endpoint, params, credentials }) => {
  if (credentials !== undefined) {
    client.setCredentials({ 'X-User-Id': credentials.user, 'X-Auth-Token': credentials.token });
  }
  try {
    return { heard: await client[method](endpoint, params) };
  } catch (refused) {
    // A refusal that is no challenge is the raw answer.
    return { status: refused.status, refused: await refused.json() };
  }
});
