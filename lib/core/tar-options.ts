/** Options of GNU tar that lose nothing of a tree: names of any bytes, sizes, times, owners, ACLs, attributes, holes, links. */

/**
 * The pax format carries names of any bytes, sizes beyond 8 GiB, sub-second times, ACLs and xattrs; access and change
 * times are left out of it, since they make two archives of the same tree differ.
 */
export const createOptions: readonly string[] = [
  "--create",
  "--file=-",
  "--format=pax",
  "--pax-option=delete=atime,delete=ctime",
  "--sort=name",
  "--numeric-owner",
  "--acls",
  "--xattrs",
  "--xattrs-include=*",
  "--sparse",
  "--totals",
  "--quoting-style=escape",
  "--no-unquote",
];

/** What is unpacked with these is what was packed with those. */
export const extractOptions: readonly string[] = [
  "--extract",
  "--file=-",
  "--preserve-permissions",
  "--same-owner",
  "--numeric-owner",
  "--acls",
  "--xattrs",
  "--xattrs-include=*",
  "--delay-directory-restore",
];
