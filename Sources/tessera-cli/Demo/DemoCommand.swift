import ArgumentParser
import Tessera
import TesseraConformance
import TesseraKernels
import TesseraIO

/// `tessera demo`
struct DemoCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "demo",
    abstract: "Filters a photograph by GEMM and neighborhood attention on every device.",
    discussion: """
      Patches of the picture are projected by GEMM, attended in a 2-D neighborhood and projected back. \
      Every stage is compared with the f64 oracle and timed; the picture beside its filtered form is \
      written as PNG.
      """)

  @Option(help: "The photograph: a binary PPM or PGM file.") var photo: String
  @Option(help: "The PNG to write.") var out = "tessera-demo.png"
  @Option(help: "Element type: f32, f16 or bf16.") var dtype: DType = .f32
  @Option(help: "Longest side of the picture after shrinking, in pixels.") var size = 384
  @Option(name: .customLong("repeat"), help: "Timed runs of each stage.") var repetitions = 5
  @OptionGroup var devices: DeviceOptions

  func validate() throws {
    guard (16...4096).contains(size) else { throw ValidationError("--size: got \(size), allowed 16...4096") }
    guard (1...1000).contains(repetitions) else {
      throw ValidationError("--repeat: got \(repetitions), allowed 1...1000")
    }
    guard GEMMProblem.dtypes.contains(dtype) else {
      throw ValidationError("--dtype: got \(dtype), allowed f32, f16 or bf16")
    }
  }

  func run() throws {
    let features = try PhotoFeatures(try NetpbmImage(path: photo), maximumSide: size)
    print(
      "\(photo): \(features.width) × \(features.height) pixels, \(features.rows) × \(features.columns) "
        + "tokens of \(PhotoFeatures.patchValues) values, \(dtype)")
    let found = devices.device == nil ? Device.list() : [try devices.describe()]
    if found.allSatisfy({ $0.backend == .cpu }) {
      print("No OpenCL or Vulkan device was found: running on the CPU.")
    }
    for driver in Backends.all {
      if let reason = driver.diagnosis() { print("\(driver.kind.rawValue): \(reason)") }
    }
    var table = TextTable([
      "device", "stage", "ms", "GFLOP/s", "rms error", "of bound", "verified",
    ])
    let pipeline = PhotoPipeline(features: features, dtype: dtype)
    var filtered: [Float]?
    var failures = 0
    for (position, description) in found.enumerated() {
      Console.note("[\(position + 1)/\(found.count)] \(description)")
      let device = try Device(description, configuration: devices.configuration)
      let (picture, stages) = try pipeline.run(on: device, repetitions: repetitions)
      for stage in stages {
        if !stage.verification.passed { failures += 1 }
        table.add([
          description.id, stage.name, Format.number(stage.milliseconds),
          Format.number(stage.plan.flopsNeeded / stage.milliseconds * 1e-6),
          Format.number(stage.verification.rms, digits: 2),
          Format.fixed(stage.verification.maxRatio, 2), stage.verification.passed ? "yes" : "NO",
        ])
      }
      filtered = filtered ?? picture
    }
    print("\n" + table.text)
    if let filtered { try write(features, filtered) }
    if failures > 0 {
      Console.error("error: \(failures) stages are outside their error bound")
      throw ExitCode(ExitStatus.badData.rawValue)
    }
  }

  /// Writes the picture and its filtered form side by side.
  private func write(_ features: PhotoFeatures, _ filtered: [Float]) throws(TesseraError) {
    let (width, height) = (features.width, features.height)
    let gap = 8
    let total = 2 * width + gap
    var pixels = [Float](repeating: 1, count: total * height * 3)
    for y in 0..<height {
      for x in 0..<(width * 3) {
        pixels[y * total * 3 + x] = features.pixels[y * width * 3 + x]
        pixels[y * total * 3 + (width + gap) * 3 + x] = filtered[y * width * 3 + x]
      }
    }
    try PNGImage(width: total, height: height, format: .rgb, unitValues: pixels).write(to: out)
    print("\nwrote \(out): the photograph, and beside it the attention-filtered one")
  }
}
