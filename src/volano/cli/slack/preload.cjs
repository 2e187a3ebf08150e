// Loaded into Node programs by `volano slack run`: Node's own fetch reads no proxy variables before
// version 24, so what it asks of Slack's hosts is sent to Volano here.
'use strict';

const base = process.env.VOLANO_SLACK_URL;
const send = globalThis.fetch;
const isSlack = (host) => host === 'slack.com' || host.endsWith('.slack.com');

if (base && send) {
  globalThis.fetch = function fetch(input, options) {
    const url = new URL(input instanceof Request ? input.url : String(input));
    if (!isSlack(url.hostname)) return send(input, options);
    const here = new URL(url.pathname + url.search, base);
    return send(input instanceof Request ? new Request(here, input) : here, options);
  };
}
