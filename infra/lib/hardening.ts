/** User and group that Slipway's own images run as (`nonroot` of distroless images). */
export const NONROOT = 65_532;

/** A pod's `securityContext` as Pod Security `restricted` asks. */
export function podSecurity(user: number) {
  return {
    runAsNonRoot: true,
    runAsUser: user,
    runAsGroup: user,
    fsGroup: user,
    fsGroupChangePolicy: "OnRootMismatch",
    seccompProfile: { type: "RuntimeDefault" },
  };
}

/** A container's `securityContext`: no more rights than it started with, no capabilities, nothing to write to. */
export function containerSecurity() {
  return {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ["ALL"] },
  };
}

/** Labels that make a namespace refuse every pod that is not `restricted`. */
export const RESTRICTED_NAMESPACE: Readonly<Record<string, string>> = Object.fromEntries(
  ["enforce", "audit", "warn"].map((mode) => [`pod-security.kubernetes.io/${mode}`, "restricted"]),
);
