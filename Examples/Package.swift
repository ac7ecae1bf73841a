// swift-tools-version: 6.2
import PackageDescription

// A package of its own that depends on Tessera, as yours would:
//   .package(url: "https://github.com/…/tessera", from: "0.1.0")
let package = Package(
  name: "TesseraExamples",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "tessera", path: "..")],
  targets: [
    .executableTarget(
      name: "operators",
      dependencies: [
        .product(name: "Tessera", package: "tessera"), .product(name: "TesseraIO", package: "tessera"),
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
  ]
)
