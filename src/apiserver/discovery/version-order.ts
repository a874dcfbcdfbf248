const staged = /^v([1-9]\d*)(?:(alpha|beta)([1-9]\d*))?$/;
const stages = ["alpha", "beta", undefined];

/**
 * The order in which versions of one group are offered, the preferred one first: `v10`, `v2`, `v11beta2`, `v10beta3`,
 * `v12alpha1`, then names of other forms by their letters. Upstream: `CompareKubeAwareVersionStrings`.
 */
export function compareVersions(a: string, b: string): number {
  const [ofA, ofB] = [staged.exec(a), staged.exec(b)];
  if (ofA === null && ofB === null) return a < b ? -1 : Number(a > b);
  if (ofA === null) return 1;
  if (ofB === null) return -1;
  const [, majorA, stageA, minorA = "0"] = ofA;
  const [, majorB, stageB, minorB = "0"] = ofB;
  return (
    stages.indexOf(stageB) - stages.indexOf(stageA) ||
    Number(majorB) - Number(majorA) ||
    Number(minorB) - Number(minorA)
  );
}
