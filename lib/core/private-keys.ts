/**
 * What counts as a file with a private key. Such files are not collected with the system's state: it travels to every store
 * with the rest of the set, and who gets hold of it there must not get the server's identity as well. A key is issued
 * anew in minutes; the configuration that names it is what cannot be recalled. What is left out is named in the index.
 */

/** Whether a file is one by its name: those in binary formats cannot be told by their content. */
export function isPrivateKeyName(path: string): boolean {
  return /\.(?:key|p12|pfx|jks)$|\/privkey[^/]*\.pem$|\/ssh_host_[^/]*_key$|\/ssl\/private\//i.test(path);
}

/** What a file with a private key holds in any text format, as an extended regular expression for grep. */
export const privateKeyPattern = "-----BEGIN ([A-Z0-9]+ )*PRIVATE KEY";
