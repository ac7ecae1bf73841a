// swift-tools-version: 6.2
import PackageDescription

/// Settings of every Swift target. Swift 6 language mode comes with the tools version.
let settings: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .treatAllWarnings(as: .error),
]
/// Numeric code is compiled with optimisation in debug builds too: the f64 oracle and the CPU
/// back-end would otherwise be a hundred times slower under `swift test`.
let numeric: [SwiftSetting] = settings + [.unsafeFlags(["-O"], .when(configuration: .debug))]
let numericC: [CSetting] = [.unsafeFlags(["-O3"])]

let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")

let package = Package(
  name: "tessera",
  platforms: [.macOS(.v15)],
  products: [
    .library(name: "Tessera", targets: ["Tessera"]),
    .library(name: "TesseraIO", targets: ["TesseraIO"]),
    .library(name: "TesseraGLSL", targets: ["TesseraGLSL"]),
    .executable(name: "tessera", targets: ["tessera"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.6.0"),
  ],
  targets: [
    // C: system headers (no linking: the loaders are opened at run time) and our own loops.
    .systemLibrary(name: "COpenCL", providers: [.apt(["ocl-icd-opencl-dev"])]),
    .systemLibrary(name: "CVulkan", providers: [.apt(["libvulkan-dev"])]),
    .systemLibrary(
      name: "CGlslang", pkgConfig: "spirv", providers: [.apt(["glslang-dev", "spirv-tools"])]),
    .target(name: "CTesseraSIMD", cSettings: numericC),
    .target(name: "CTesseraIndex", cSettings: numericC),

    // Kernel sources, embedded as string literals by our own build-tool plugin.
    .executableTarget(name: "embed-shaders", swiftSettings: settings),
    .plugin(
      name: "EmbedShaders", capability: .buildTool(), dependencies: ["embed-shaders"],
      path: "Sources/EmbedShaders"),
    .target(
      name: "TesseraShaders", path: "Shaders", exclude: ["manifest.json"], swiftSettings: settings,
      plugins: ["EmbedShaders"]),

    .target(
      name: "TesseraSuites", path: "Benchmarks/suites", swiftSettings: settings,
      plugins: ["EmbedShaders"]),
    .target(
      name: "TesseraTunings", path: "Benchmarks/tuning", swiftSettings: settings,
      plugins: ["EmbedShaders"]),

    // The layers, bottom to top. Each may use only what stands above it in this list.
    .target(name: "TesseraCore", dependencies: ["CTesseraSIMD"], swiftSettings: numeric),
    .target(
      name: "TesseraReference", dependencies: ["TesseraCore", "CTesseraIndex"],
      swiftSettings: numeric),
    .target(name: "TesseraIO", dependencies: ["TesseraCore"], swiftSettings: numeric),
    .target(name: "TesseraHAL", dependencies: ["TesseraCore"], swiftSettings: settings),
    .target(
      name: "TesseraCPU", dependencies: ["TesseraHAL", "TesseraCore", "CTesseraSIMD"],
      swiftSettings: numeric),
    .target(
      name: "TesseraOpenCL", dependencies: ["TesseraHAL", "TesseraCore", "COpenCL", logging],
      swiftSettings: settings),
    .target(
      name: "TesseraVulkan", dependencies: ["TesseraHAL", "TesseraCore", "CVulkan", logging],
      swiftSettings: settings),
    .target(
      name: "TesseraRuntime",
      dependencies: ["TesseraHAL", "TesseraCore", "TesseraShaders", logging],
      swiftSettings: settings),
    .target(
      name: "TesseraKernels",
      dependencies: [
        "TesseraRuntime", "TesseraHAL", "TesseraCore", "TesseraCPU", "TesseraShaders",
        "CTesseraSIMD", "CTesseraIndex",
      ],
      swiftSettings: numeric),
    .target(
      name: "Tessera",
      dependencies: [
        "TesseraKernels", "TesseraRuntime", "TesseraHAL", "TesseraCore", "TesseraCPU",
        "TesseraOpenCL", "TesseraVulkan", "TesseraIO", "TesseraTunings", logging,
      ],
      swiftSettings: settings),
    .target(
      name: "TesseraGLSL", dependencies: ["TesseraCore", "CGlslang"],
      swiftSettings: settings,
      linkerSettings: [
        .linkedLibrary("glslang-default-resource-limits"), .linkedLibrary("GenericCodeGen"),
        .linkedLibrary("stdc++"), .linkedLibrary("m"),
      ]),

    // Random problems against the oracle: used by the tests and by `tessera selftest`.
    .target(
      name: "TesseraConformance",
      dependencies: [
        "Tessera", "TesseraReference", "TesseraKernels", "TesseraRuntime", "TesseraHAL",
        "TesseraCore",
      ],
      swiftSettings: settings),
    .target(
      name: "TesseraBench",
      dependencies: [
        "Tessera", "TesseraIO", "TesseraConformance", "TesseraReference", "TesseraKernels",
        "TesseraRuntime", "TesseraHAL", "TesseraCore", "TesseraOpenCL", "TesseraSuites", "COpenCL",
      ],
      swiftSettings: settings),
    .executableTarget(
      name: "tessera",
      dependencies: [
        "Tessera", "TesseraIO", "TesseraBench", "TesseraConformance", "TesseraReference",
        "TesseraKernels", "TesseraRuntime", "TesseraHAL", "TesseraCore", logging,
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Sources/tessera-cli", swiftSettings: settings),

    // Runs every kernel of the catalogue under a simulator or the validation layer: see
    // Scripts/check-kernels.
    .executableTarget(
      name: "kernel-check",
      dependencies: [
        "Tessera", "TesseraConformance", "TesseraKernels", "TesseraRuntime", "TesseraVulkan",
        "TesseraHAL", "TesseraCore", "CVulkan",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: settings),

    .testTarget(
      name: "TesseraCoreTests", dependencies: ["TesseraCore"], swiftSettings: settings),
    .testTarget(
      name: "TesseraReferenceTests",
      dependencies: ["TesseraReference", "TesseraCore", "CTesseraIndex"], swiftSettings: settings),
    .testTarget(
      name: "TesseraCPUTests",
      dependencies: ["TesseraCPU", "TesseraHAL", "TesseraCore", "CTesseraSIMD"],
      swiftSettings: settings),
    .testTarget(
      name: "TesseraOpenCLTests",
      dependencies: ["TesseraOpenCL", "TesseraHAL", "TesseraCore", "COpenCL"],
      swiftSettings: settings),
    .testTarget(
      name: "TesseraVulkanTests",
      dependencies: ["TesseraVulkan", "TesseraHAL", "TesseraCore", "CVulkan"],
      swiftSettings: settings),
    .testTarget(
      name: "TesseraRuntimeTests",
      dependencies: ["TesseraRuntime", "TesseraCPU", "TesseraHAL", "TesseraCore"],
      swiftSettings: settings),
    .testTarget(
      name: "TesseraKernelsTests",
      dependencies: [
        "TesseraKernels", "TesseraRuntime", "TesseraReference", "TesseraHAL", "TesseraCore",
        "TesseraCPU", "TesseraOpenCL", "TesseraVulkan", "TesseraShaders", "CTesseraIndex", logging,
      ],
      resources: [.copy("Snapshots")], swiftSettings: settings),
    .testTarget(
      name: "TesseraIOTests", dependencies: ["TesseraIO", "Tessera", "TesseraCore"],
      swiftSettings: settings),
    .testTarget(
      name: "TesseraGLSLTests", dependencies: ["TesseraGLSL", "Tessera", "TesseraCore"],
      swiftSettings: settings),
    .testTarget(
      name: "TesseraTests",
      dependencies: [
        "Tessera", "TesseraIO", "TesseraConformance", "TesseraBench", "TesseraReference",
        "TesseraKernels", "TesseraRuntime", "TesseraCPU", "TesseraOpenCL", "TesseraVulkan",
        "TesseraHAL", "TesseraCore", "COpenCL", "CVulkan", logging,
      ],
      resources: [.copy("Outside/neighborhood-cases.json")], swiftSettings: settings),
    .testTarget(
      name: "CommandLineTests", dependencies: ["tessera", "TesseraIO", "TesseraCore"],
      swiftSettings: settings),
  ]
)

// The fuzzer brings its own `main` and wants counters in the code it drives: only when Scripts/soak
// asks for it. The command line is a library then, and its `main` has another name.
if Context.environment["TESSERA_FUZZ"] != nil {
  let coverage: SwiftSetting = .unsafeFlags(["-sanitize=fuzzer,address"])
  let instrumented = [
    "TesseraIO", "TesseraCore", "TesseraRuntime", "TesseraVulkan", "TesseraKernels",
    "TesseraConformance", "TesseraBench", "Tessera",
  ]
  for target in package.targets where instrumented.contains(target.name) {
    target.swiftSettings?.append(coverage)
  }
  let commandLine = package.targets.first { $0.name == "tessera" }
  package.products.removeAll { $0.name == "tessera" }
  package.targets.removeAll { $0.name == "tessera" || $0.type == .test }
  package.targets += [
    .target(
      name: "TesseraCommandLine", dependencies: commandLine?.dependencies ?? [],
      path: "Sources/tessera-cli",
      swiftSettings: settings + [
        coverage,
        .unsafeFlags([
          "-enable-testing", "-Xfrontend", "-entry-point-function-name", "-Xfrontend",
          "tessera_command_main",
        ]),
      ]),
    .executableTarget(
      name: "tessera-fuzz",
      dependencies: [
        "TesseraCommandLine", "TesseraBench", "TesseraIO", "TesseraRuntime", "TesseraVulkan",
        "TesseraCore", "TesseraKernels", "Tessera",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: settings + [coverage, .unsafeFlags(["-parse-as-library"])],
      linkerSettings: [.unsafeFlags(["-sanitize=fuzzer,address"])]),
  ]
}

// A library that takes the place of CLBlast's matrix product in CLBlast's own test client: only when
// Scripts/soak asks for it.
if Context.environment["TESSERA_CLBLAST"] != nil {
  package.products.append(
    .library(name: "clblast-judge", type: .dynamic, targets: ["CLBlastJudge", "CLBlastShim"]))
  package.targets += [
    .target(
      name: "CLBlastShim", path: "Sources/clblast-judge/Shim",
      linkerSettings: [.linkedLibrary("stdc++"), .linkedLibrary("OpenCL")]),
    .target(
      name: "CLBlastJudge",
      dependencies: [
        "CLBlastShim", "Tessera", "TesseraKernels", "TesseraRuntime", "TesseraHAL",
      ],
      path: "Sources/clblast-judge/Product", swiftSettings: settings),
  ]
}
