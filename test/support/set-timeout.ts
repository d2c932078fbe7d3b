/** Runs before each test file (bunfig.toml): real programs on a busy machine need longer than Bun's five seconds. */
import { setDefaultTimeout } from "bun:test";

setDefaultTimeout(180_000);
