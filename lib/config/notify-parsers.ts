/** Text of the settings of channels to values. */
import { isHttpUrl, parser, splitLines } from "#lib/config/parsers.ts";
import { type ChannelPing, channelNames } from "#lib/core/channel-ping.ts";
import { createSecret } from "#lib/core/secret.ts";

/** Lines `CHANNEL=URL`. What is wrong is told by the number of its line: whoever knows the URL may ping it. */
export const channelPings = parser<readonly ChannelPing[]>((value) => {
  const pings: ChannelPing[] = [];
  for (const [index, line] of splitLines(value).entries()) {
    const [, name, url = ""] = /^([^=\s]+)\s*=\s*(\S+)$/.exec(line) ?? [];
    const channel = channelNames.find((each) => each === name);
    if (channel === undefined || !isHttpUrl(url)) {
      return { expected: `line ${index + 1} to be CHANNEL=URL with one of ${channelNames.join(", ")}` };
    }
    pings.push({ channel, url: createSecret(url) });
  }
  return { value: pings };
});
