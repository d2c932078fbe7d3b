/** The unit of an axis, so that its marks are round numbers of it. */

export interface AxisUnit {
  readonly name: string;
  /** How much of the base unit it is. */
  readonly size: number;
}

const byteUnits: readonly AxisUnit[] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"].map((name, power) => ({
  name,
  size: 1024 ** power,
}));

const timeUnits: readonly AxisUnit[] = [
  { name: "s", size: 1 },
  { name: "min", size: 60 },
  { name: "h", size: 3600 },
];

/** The largest unit of which the highest value is at least two. */
export function chooseUnit(kind: "bytes" | "seconds", highest: number): AxisUnit {
  const [smallest, ...larger] = kind === "bytes" ? byteUnits : timeUnits;
  return larger.findLast(({ size }) => highest >= 2 * size) ?? smallest ?? { name: "", size: 1 };
}
