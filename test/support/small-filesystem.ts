/** A real file system of its own: small enough to fill, and one that can be made to hang. Needs root and loop devices. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

interface SmallFileSystemOptions {
  readonly sizeMb: number;
  readonly type: "btrfs" | "ext4" | "tmpfs" | "xfs";
}

export interface SmallFileSystem {
  readonly directory: string;
  /** From here on every write to it hangs until `thaw()`; ext4 only. */
  readonly freeze: () => void;
  readonly thaw: () => void;
  readonly makeReadOnly: () => void;
  /** Overwrite the entries of a directory in it, so that they can no longer be read; ext4 only. */
  readonly damage: (directory: string) => void;
}

/** Mount a new file system for `body`; it is unmounted and removed however `body` ends. */
export async function withSmallFileSystem<Result>(
  { sizeMb, type }: SmallFileSystemOptions,
  body: (fileSystem: SmallFileSystem) => Promise<Result> | Result,
): Promise<Result> {
  const base = mkdtempSync(join(tmpdir(), "lastgood-fs-"));
  const directory = join(base, "mount");
  mkdirSync(directory);
  let isFrozen = false;
  const thaw = () => {
    if (!isFrozen) return;
    run("fsfreeze", "--unfreeze", directory);
    isFrozen = false;
  };
  try {
    mount(type, sizeMb, join(base, "image"), directory);
    try {
      return await body({
        directory,
        freeze: () => {
          run("fsfreeze", "--freeze", directory);
          isFrozen = true;
        },
        thaw,
        makeReadOnly: () => run("mount", "-o", "remount,ro", directory),
        damage: (path) => {
          const image = join(base, "image");
          run("umount", directory);
          untilDetached(image);
          const [block] = read("debugfs", "-R", `blocks ${path}`, image).split(" ");
          const blockSize = /^Block size:\s*(\d+)/m.exec(read("dumpe2fs", "-h", image))?.[1];
          run(
            "dd",
            "if=/dev/zero",
            `of=${image}`,
            `bs=${blockSize}`,
            `seek=${block}`,
            "count=1",
            "conv=notrunc",
          );
          run("mount", "-o", "loop", image, directory);
        },
      });
    } finally {
      thaw();
      unmount(directory);
    }
  } finally {
    rmSync(base, { recursive: true, force: true });
  }
}

function mount(type: SmallFileSystemOptions["type"], sizeMb: number, image: string, directory: string): void {
  if (type === "tmpfs") {
    run("mount", "-t", "tmpfs", "-o", `size=${sizeMb}m,mode=755`, "tmpfs", directory);
    return;
  }
  run("truncate", "--size", `${sizeMb}M`, image);
  // Without blocks kept for root, so that a full disk is full for root as well.
  if (type === "ext4") run("mkfs.ext4", "-q", "-m", "0", "-O", "^has_journal", image);
  else run(`mkfs.${type}`, "-q", image);
  run("mount", "-o", "loop", image, directory);
}

/** A process that ended a moment ago may still hold it: detached, it goes when the last one does. */
function unmount(directory: string): void {
  try {
    run("umount", directory);
  } catch {
    run("umount", "--lazy", directory);
  }
}

function run(program: string, ...args: readonly string[]): void {
  read(program, ...args);
}

function read(program: string, ...args: readonly string[]): string {
  return execFileSync(program, args, {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: `${process.env.PATH}:/usr/sbin:/sbin` },
  });
}

/** A container that is being started has our mounts for a moment: till then the kernel knows the file system's content. */
function untilDetached(image: string): void {
  const ask =
    'i=0; while [ -n "$(losetup --associated "$0")" ]; do i=$((i + 1)); [ $i -lt 200 ] || exit 1; sleep 0.05; done';
  run("sh", "-c", ask, image);
}
