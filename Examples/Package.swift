// swift-tools-version: 6.2
import PackageDescription

/// Host loops over every element, which debug builds would make a hundred times slower.
let numeric: [SwiftSetting] = [.unsafeFlags(["-O"], .when(configuration: .debug))]

// A package of its own that depends on Tessera, as yours would:
//   .package(url: "https://github.com/…/tessera", from: "0.1.0")
let package = Package(
  name: "TesseraExamples",
  platforms: [.macOS(.v15)],
  dependencies: [
    .package(name: "tessera", path: ".."),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
  ],
  targets: [
    .executableTarget(
      name: "operators",
      dependencies: [
        .product(name: "Tessera", package: "tessera"),
        .product(name: "TesseraIO", package: "tessera"),
      ]),
    .executableTarget(
      name: "gradients", dependencies: [.product(name: "Tessera", package: "tessera")]),
    .executableTarget(
      name: "block-lists", dependencies: [.product(name: "Tessera", package: "tessera")]),
    .executableTarget(
      name: "own-kernels",
      dependencies: [
        .product(name: "Tessera", package: "tessera"),
        .product(name: "TesseraGLSL", package: "tessera"),
      ]),
    .target(
      name: "MiniLM",
      dependencies: [
        .product(name: "Tessera", package: "tessera"),
        .product(name: "TesseraIO", package: "tessera"),
      ],
      swiftSettings: numeric),
    .executableTarget(
      name: "sentence-embedding",
      dependencies: [
        "MiniLM", .product(name: "Tessera", package: "tessera"),
        .product(name: "TesseraIO", package: "tessera"),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    .executableTarget(
      name: "attention-mass",
      dependencies: [
        .product(name: "Tessera", package: "tessera"),
        .product(name: "TesseraIO", package: "tessera"),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: numeric),
    .executableTarget(
      name: "attention-quality",
      dependencies: [
        .product(name: "Tessera", package: "tessera"),
        .product(name: "TesseraIO", package: "tessera"),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: numeric),
    .testTarget(
      name: "MiniLMTests",
      dependencies: ["MiniLM", .product(name: "Tessera", package: "tessera")],
      resources: [.copy("embeddings.json")]),
  ]
)
