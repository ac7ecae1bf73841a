import ArgumentParser
import Tessera
import TesseraIO

/// What an approximation that cannot be made says.
enum QualityError: Error, CustomStringConvertible {
  case tooManyBlocks(Int, most: Int)
  case missing(String)

  var description: String {
    switch self {
    case .tooManyBlocks(let blocks, let most):
      "--kv-block: \(blocks) blocks of keys, allowed at most \(most): longer blocks, or fewer tokens"
    case .missing(let name): "the file has no tensor \(name)"
    }
  }
}

/// Approximations of attention against dense attention: error, share kept, time.
@main struct AttentionQuality: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "attention-quality",
    abstract: "Error, share kept and time of approximations of attention",
    discussion: """
      Compared are attention over selected blocks of keys, of which the share of pairs of a query and a key is \
      kept, and over projected keys and values, of which the share of the cache is. Per row: the error \
      ‖O − dense‖ / ‖dense‖ over all heads and of the worst one, and the time of selection or projection and of \
      attention, least of three, beside that of dense attention in the same run.

      The device is that of TESSERA_DEVICE, else the most capable one.
      """)

  @Argument(help: "A safetensors file with q [B, N, H, D], k and v [B, N, Hkv, D].") var file:
    String
  @Option(help: "Queries of a row.") var qBlock = 64
  @Option(help: "Keys of a block.") var kvBlock = 64

  func validate() throws {
    for (name, value) in [("--q-block", qBlock), ("--kv-block", kvBlock)] where value < 1 {
      throw ValidationError("\(name): got \(value), allowed 1 or more")
    }
  }

  func run() throws {
    let device = try Device.best()
    let file = try SafetensorsFile(path: file)
    func tensor(_ name: String) throws -> Tensor {
      guard file.names.contains(name) else { throw QualityError.missing(name) }
      return try Tensor(try file.tensor(named: name), on: device)
    }
    let quality = try Quality(
      AttentionInputs(q: try tensor("q"), k: try tensor("k"), v: try tensor("v")))
    print(
      "\(quality.shape) on \(device.info.id), blocks of \(qBlock) × \(kvBlock); dense \(quality.denseMs) ms"
    )
    print("| approximation | kept | error | worst head | ms before | ms of attention | × dense |")
    print("|---|---|---|---|---|---|---|")
    for approximation in approximations() { print(try quality.row(approximation)) }
  }

  private func approximations() -> [Approximation] {
    let blocks = [4, 8, 16, 32]
    return [0.0625, 0.125, 0.25, 0.5].map {
      .window(share: $0, queryBlock: qBlock, keyBlock: kvBlock)
    } + blocks.map { .means(.top($0), "top \($0)", queryBlock: qBlock, keyBlock: kvBlock) }
      + [0.8, 0.9].map {
        .means(.share($0), "share \($0)", queryBlock: qBlock, keyBlock: kvBlock)
      } + blocks.map { .mass(.top($0), "top \($0)", queryBlock: qBlock, keyBlock: kvBlock) }
      + [0.8, 0.9].map {
        .mass(.share($0), "share \($0)", queryBlock: qBlock, keyBlock: kvBlock)
      }
      + [0.25, 0.5, 0.75, 1].map { .projection(share: $0) }
  }
}
