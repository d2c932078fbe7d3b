/** The project of a copy of a stack: by its name it is told from every stack of an admin. */
const prefix = "lastgood-drill-";
const longest = 60;

/** Valid for compose, and for docker as a part of names. */
export function trialProject(runId: string, stack: string): string {
  const plain = `${runId.slice(0, 8)}-${stack}`.toLowerCase().replaceAll(/[^a-z0-9_-]+/g, "-");
  return `${prefix}${plain}`.slice(0, longest);
}

export function isTrialProject(project: string): boolean {
  return /^lastgood-drill-[a-z0-9_-]+$/.test(project);
}
