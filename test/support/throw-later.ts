/** Preloaded before a script: throw, or reject, outside of every try block once the archive is being written. */
import { existsSync } from "node:fs";
import process from "node:process";

const { THROW_WHEN, THROW_HOW } = process.env;

const timer = setInterval(() => {
  if (THROW_WHEN === undefined || !existsSync(THROW_WHEN)) return;
  clearInterval(timer);
  const error = new Error("thrown where nobody catches");
  if (THROW_HOW === "reject") void Promise.reject(error);
  else throw error;
}, 5);
timer.unref();
