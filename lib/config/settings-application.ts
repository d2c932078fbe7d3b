/** The application directory as a source. */
import { boolean, decimal, list } from "#lib/config/readers.ts";
import { path, relativePath } from "#lib/config/readers-paths.ts";
import { optional, setting } from "#lib/config/setting.ts";

export const applicationSettings = {
  APP_DIR: optional({
    doc: "Directory of the application: everything in it is backed up.",
    read: path,
  }),
  APP_EXCLUDES: setting({
    doc: "What is left out, one path or tar pattern per line, relative to APP_DIR; `*` matches `/` as well.",
    read: list(relativePath),
    default: "",
  }),
  APP_REQUIRED: setting({
    doc: "Paths relative to APP_DIR, one per line, without which it is not the application: the run is refused.",
    read: list(relativePath),
    default: "",
  }),
  APP_MIN_MB: setting({
    doc: "Least size of the content in MiB; less is taken for an empty mount point or a wrong path.",
    read: decimal(),
    default: "1",
  }),
  APP_ONE_FILE_SYSTEM: setting({
    doc: "Stay on the file system of APP_DIR: what is mounted below it is left out.",
    read: boolean,
    default: "true",
  }),
};
