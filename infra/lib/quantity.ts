import { UserError } from "./errors.ts";

/** Processor time; 1000 millicores are one core. */
export interface Cpu {
  readonly millicores: number;
}

/** An amount of memory or storage. */
export interface Memory {
  readonly bytes: number;
}

const MEMORY_UNITS = [
  ["Ti", 1024 ** 4],
  ["Gi", 1024 ** 3],
  ["Mi", 1024 ** 2],
  ["Ki", 1024],
] as const;

const CPU_EXAMPLE = 'write millicores or cores, such as "250m", "1" or "1.5"';
const MEMORY_EXAMPLE = 'write a whole number and Ki, Mi, Gi or Ti, such as "512Mi"';

/**
 * Reads millicores (`250m`) or cores (`2`, `0.5`).
 * @throws UserError when it is another unit or finer than a millicore.
 */
export function parseCpu(text: string): Cpu {
  const match = /^(?:(\d+)m|(\d+(?:\.\d{1,3})?))$/.exec(text);
  const millicores =
    match === null
      ? Number.NaN
      : match[1] === undefined
        ? Math.round(Number(match[2]) * 1_000)
        : Number(match[1]);
  if (!Number.isSafeInteger(millicores)) {
    const what = /^\d+[KMGT]i?$/.test(text)
      ? `"${text}" is an amount of memory, not of CPU`
      : `"${text}" is not an amount of CPU`;
    throw new UserError({ what, remedy: CPU_EXAMPLE });
  }
  return { millicores };
}

/** The text Kubernetes keeps: whole cores without a unit, else millicores. */
export function formatCpu({ millicores }: Cpu): string {
  return millicores % 1_000 === 0 ? String(millicores / 1_000) : `${millicores}m`;
}

/**
 * Reads an amount of memory or storage in binary units (`512Mi`).
 * @throws UserError for no unit, a decimal unit (`512M`) or a CPU unit (`512m`, which Kubernetes takes for half a byte).
 */
export function parseMemory(text: string): Memory {
  const match = /^(\d+)(Ki|Mi|Gi|Ti)$/.exec(text);
  const size = MEMORY_UNITS.find(([unit]) => unit === match?.[2])?.[1] ?? Number.NaN;
  const bytes = Number(match?.[1]) * size;
  if (!Number.isSafeInteger(bytes)) throw new UserError({ what: memoryFault(text), remedy: MEMORY_EXAMPLE });
  return { bytes };
}

function memoryFault(text: string): string {
  if (/^\d+$/.test(text)) return `"${text}" has no unit`;
  if (/^\d+m$/.test(text)) return `"${text}" is an amount of CPU (millicores), not of memory`;
  return `"${text}" is not an amount of memory`;
}

/** The largest unit that leaves a whole number; plain bytes where even Ki does not. */
export function formatMemory({ bytes }: Memory): string {
  const unit = MEMORY_UNITS.find(([, size]) => bytes >= size && bytes % size === 0);
  return unit === undefined ? String(bytes) : `${bytes / unit[1]}${unit[0]}`;
}

/**
 * Reads a percentage (`99.9%`) as its number (99.9).
 * @throws UserError without the percent sign.
 */
export function parsePercent(text: string): number {
  const match = /^(\d+(?:\.\d+)?)%$/.exec(text);
  if (match === null) {
    throw new UserError({
      what: `"${text}" is not a percentage`,
      remedy: 'write it with its sign, such as "99.9%"',
    });
  }
  return Number(match[1]);
}

/** What a container asks for and may use at most; no CPU limit unless one is given, so that none is throttled. */
export interface Resources {
  readonly requests: { readonly cpu: Cpu; readonly memory: Memory };
  readonly limits: { readonly cpu?: Cpu; readonly memory: Memory };
}

/** {@link Resources} as a container's `resources` field. */
export function formatResources({ requests, limits }: Resources) {
  return {
    requests: { cpu: formatCpu(requests.cpu), memory: formatMemory(requests.memory) },
    limits: {
      ...(limits.cpu === undefined ? {} : { cpu: formatCpu(limits.cpu) }),
      memory: formatMemory(limits.memory),
    },
  };
}
