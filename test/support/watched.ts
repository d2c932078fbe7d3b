/** A process with a guardian and a long child, which runs until it is killed; the recovery touches the file named. */
import { spawn } from "node:child_process";
import process from "node:process";
import { startGuardian } from "#lib/tools/guardian-process.ts";

const recovered = process.argv[2];
if (recovered === undefined) throw new Error("Usage: watched FILE");

startGuardian({ recovery: ["touch", recovered], env: process.env, onReplaced: () => undefined });
spawn("sleep", ["60"], { stdio: "inherit" });
process.stdout.write("ready");
setInterval(() => undefined, 1000);
