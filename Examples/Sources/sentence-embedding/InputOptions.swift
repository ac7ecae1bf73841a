import ArgumentParser
import Foundation
import MiniLM
import Tessera
import TesseraIO

/// `--layer`, `--tokens`, `--text` and `--dtype`: real inputs of an attention, written to a file.
struct InputOptions: ParsableArguments {
  /// The element types that operators take.
  enum ElementType: String, ExpressibleByArgument, CaseIterable {
    case f32, f16, bf16

    var dtype: DType {
      switch self {
      case .f32: .f32
      case .f16: .f16
      case .bf16: .bf16
      }
    }
  }

  @Option(help: ArgumentHelp("The layer whose attention is asked for, from 0.", valueName: "n"))
  var layer: Int?
  @Option(help: ArgumentHelp("Tokens in all, N.", valueName: "n")) var tokens: Int?
  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp("Text files, read one after another.", valueName: "file"))
  var text: [String] = []
  @Flag(
    help: "Make every window an entry of the batch: [N/W, W, H, D], what the model attends itself.")
  var separate = false
  @Option(help: "Element type: f32, f16 or bf16. Default: f32.") var dtype: ElementType?

  /// Refuses options that mean nothing without `--write`.
  func requireNone() throws {
    let given = [
      ("--layer", layer != nil), ("--tokens", tokens != nil), ("--text", !text.isEmpty),
      ("--separate", separate), ("--dtype", dtype != nil),
    ]
    if let (name, _) = given.first(where: { $0.1 }) {
      throw ValidationError("\(name): allowed with --write FILE.safetensors only")
    }
  }

  /// Refuses what is missing or cannot be.
  func check() throws {
    guard let tokens, layer != nil, !text.isEmpty else {
      throw ValidationError("--write: needs --layer, --tokens and --text")
    }
    // The upper end keeps sums of tokens from overflow; text and memory end long before.
    let allowed = TextWindows.shortest...(1 << 32)
    guard allowed.contains(tokens) else {
      throw ValidationError("--tokens: got \(tokens), allowed \(allowed)")
    }
  }

  /// Runs the model over the text up to the layer.
  func write(to path: String, _ encoder: SentenceEncoder) throws {
    guard let layer, let tokens else { return }
    let windows = try TextWindows.read(
      text, tokens: tokens, longest: encoder.configuration.positions, encoder.tokenizer)
    if separate, tokens % windows.count != 0 {
      throw ModelError(
        .invalidArgument,
        "--tokens: got \(tokens), allowed with --separate a multiple of the windows, \(windows.count)"
      )
    }
    let clock = ContinuousClock()
    let begin = clock.now
    let (q, k, v) = try encoder.attentionInputs(layer: layer, windows: windows)
    let configuration = encoder.configuration
    let batch = separate ? windows.count : 1
    let shape = try Shape([
      batch, tokens / batch, configuration.heads, configuration.headDimension,
    ])
    func tensor(_ values: [Float]) throws -> HostTensor {
      try HostTensor(rounding: values, to: dtype?.dtype ?? .f32, shape: shape)
    }
    try Safetensors.write(
      [("q", tensor(q)), ("k", tensor(k)), ("v", tensor(v))],
      metadata: ["layer": "\(layer)", "windows": "\(windows.count)"], to: path)
    let seconds = (clock.now - begin) / .seconds(1)
    print(
      "\(path): q, k, v \(shape) of layer \(layer), \(windows.count) windows, "
        + String(format: "%.1f s", seconds))
  }
}
