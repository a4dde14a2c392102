/** Whether two values of JSON say the same. */
export function alike(left: unknown, right: unknown): boolean {
  if (left === right) return true;
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null || Array.isArray(left) !== Array.isArray(right)) return false;
  return Object.keys(left).length === Object.keys(right).length && says(left, right);
}

/** Whether `left` has all that `right` has, as it is there. */
export function says(left: object, right: object): boolean {
  for (const name in right) if (!(name in left) || !alike((left as Record<string, unknown>)[name], (right as Record<string, unknown>)[name])) return false;
  return true;
}
