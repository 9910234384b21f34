// The HTTP part of @rocket.chat/sdk, which writes a refusal into its log and hands out nothing.
import sdk from '@rocket.chat/sdk';
import { talk } from './lines.mjs';

const { api, driver } = sdk;
let refused;

driver.useLog({ debug() {}, info() {}, warn() {}, warning() {}, error(text, heard) { refused = heard; } });

talk(async ({ call, args }) => {
  refused = undefined;
  try {
    const heard = await api[call](...args);
    return refused === undefined ? { heard: heard ?? null } : { refused };
  } catch (error) {
    return { refused: refused ?? error.message };
  }
});
