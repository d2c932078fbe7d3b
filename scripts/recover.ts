#!/usr/bin/env bun
/** Finish what a dead run of a job left: at boot, after a systemd unit, by hand. Every run does the same first. */
import { runScript } from "#lib/run/run-script.ts";

await runScript({
  name: "recover",
  summary: "end the processes of a dead run, undo what it left half done, and report it",
  examples: [
    ["", "after a crash; every run does the same first"],
    ["--config shop", "the same for the job of /etc/lastgood/shop.env"],
  ],
  purpose: "recovery",
  main: "recovery",
});
