/** The name of a stack's component: it is the name of a file as well. */
export function nameComponent(stack: string): string {
  return `stack-${stack.replaceAll(/[^A-Za-z0-9._-]+/g, "_")}`;
}
