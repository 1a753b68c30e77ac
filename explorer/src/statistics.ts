/** The intervals of the report; METHODS, chapter Cohorts. */

const Z90 = 1.6448536269514722;

/** Return the 90 % Wilson interval of a share. */
export function wilson(part: number, whole: number): [low: number, high: number] | null {
  if (whole <= 0) return null;
  const p = part / whole;
  const middle = (p + Z90 ** 2 / (2 * whole)) / (1 + Z90 ** 2 / whole);
  const half =
    (Z90 / (1 + Z90 ** 2 / whole)) * Math.sqrt((p * (1 - p)) / whole + Z90 ** 2 / (4 * whole ** 2));
  return [Math.max(middle - half, 0), Math.min(middle + half, 1)];
}

/** Tell whether the 90 % interval of the difference of two shares holds 0 (Newcombe 1998, method 10). */
export function mayBeChance(now: number, leads: number, then: number, leadsThen: number): boolean {
  const a = wilson(now, leads);
  const b = wilson(then, leadsThen);
  if (!a || !b) return true;
  const [p, q] = [now / leads, then / leadsThen];
  return p - q - Math.hypot(p - a[0], b[1] - q) <= 0 && p - q + Math.hypot(a[1] - p, q - b[0]) >= 0;
}
