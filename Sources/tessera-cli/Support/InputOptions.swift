public import ArgumentParser
public import Tessera
import TesseraIO

/// `--in`, `--out` and `--dtype`: tensors from and to files.
struct FileOptions: ParsableArguments {
  @Option(
    name: .customLong("in"), parsing: .singleValue,
    help: ArgumentHelp(
      "Input: FILE.safetensors brings every tensor in it by name, name=FILE.npy brings one. Repeatable.",
      valueName: "file"))
  var inputs: [String] = []

  @Option(
    name: .customLong("out"), parsing: .singleValue,
    help: ArgumentHelp(
      "Output: FILE.safetensors takes every result by name, FILE.npy the first one, name=FILE.npy one. Repeatable.",
      valueName: "file"))
  var outputs: [String] = []

  @Option(help: "Convert floating-point inputs to this type first: f32, f16 or bf16.")
  var dtype: DType?

  func validate() throws {
    for output in outputs where !output.hasSuffix(".npy") && !output.hasSuffix(".safetensors") {
      throw ValidationError("--out: got \"\(output)\", allowed FILE.npy or FILE.safetensors")
    }
  }

  /// Reads every input, by name.
  /// - Parameter single: inputs that the operator takes in f32 whatever the type of the others.
  func read(single: Set<String> = []) throws(TesseraError) -> [String: HostTensor] {
    var tensors: [String: HostTensor] = [:]
    for input in inputs {
      let (name, path) = Self.split(input)
      for (own, tensor) in try TensorFile.read(path) {
        let key = name ?? own
        if name == nil, path.hasSuffix(".npy") {
          throw .invalidArgument("--in", got: "\"\(input)\"", allowed: "name=FILE.npy for an npy file")
        }
        let target = single.contains(key) ? .f32 : dtype ?? tensor.dtype
        tensors[key] = tensor.dtype.isFloatingPoint ? try tensor.converted(to: target) : tensor
      }
    }
    return tensors
  }

  /// Writes results to every output; each file appears whole or not at all.
  func write(_ results: [(name: String, tensor: HostTensor)]) throws(TesseraError) {
    for output in outputs {
      let (name, path) = Self.split(output)
      if path.hasSuffix(".safetensors") {
        try TensorFile.write(results, to: path)
      } else if let result = name.map({ name in results.first { $0.name == name } }) ?? results.first {
        try TensorFile.write([result], to: path)
      } else {
        throw .invalidArgument(
          "--out", got: "\"\(output)\"",
          allowed: "one of the results \(results.map(\.name).joined(separator: ", "))")
      }
    }
  }

  private static func split(_ text: String) -> (name: String?, path: String) {
    guard let sign = text.firstIndex(of: "="), !text[..<sign].contains("/") else { return (nil, text) }
    return (String(text[..<sign]), String(text[text.index(after: sign)...]))
  }
}

extension BoundsMode: ExpressibleByArgument {}
extension DType: ExpressibleByArgument {}
extension Activation: ExpressibleByArgument {}

extension [String: HostTensor] {
  /// The tensor that an operator needs by this name.
  func required(_ name: String) throws(TesseraError) -> HostTensor {
    guard let tensor = self[name] else {
      let present = keys.sorted().joined(separator: ", ")
      throw .invalidArgument(
        "input \(name)", got: present.isEmpty ? "no inputs" : "only \(present)",
        allowed: "a tensor named \(name): --in \(name)=FILE.npy or a safetensors file with it")
    }
    return tensor
  }
}
