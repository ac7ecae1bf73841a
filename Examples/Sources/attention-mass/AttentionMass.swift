import ArgumentParser
import Foundation
import Tessera
import TesseraIO

/// How few keys hold most of the softmax's mass: what sparse attention could gain on these inputs.
@main struct AttentionMass: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "attention-mass",
    abstract: "The share of keys, and of blocks of keys, that holds most of the softmax's mass",
    discussion: """
      Per query and head, the fewest keys whose weights sum to --mass, over all keys; likewise the fewest \
      blocks of --block keys. Printed are the means over every --every-th query, of all heads and of the \
      least and most concentrated one, for q and k of the file and, with --random, for normal numbers of the \
      same shape.

      The device is that of TESSERA_DEVICE, else the most capable one.
      """)

  @Argument(help: "A safetensors file with q [B, Nq, H, D] and k [B, Nk, Hkv, D].") var file: String
  @Option(help: "Share of the mass, above 0 and below 1.") var mass: Float = 0.9
  @Option(help: "Keys of a block.") var block = 64
  @Option(help: "Looks at every n-th query.") var every = 16
  @Flag(help: "Do the same with random normal q and k.") var random = false

  func validate() throws {
    guard mass > 0, mass < 1 else {
      throw ValidationError("--mass: got \(mass), allowed above 0 and below 1")
    }
    for (name, value) in [("--block", block), ("--every", every)] where value < 1 {
      throw ValidationError("\(name): got \(value), allowed 1 or more")
    }
  }

  func run() throws {
    let device = try Device.best()
    let file = try SafetensorsFile(path: file)
    let (q, k) = (try file.tensor(named: "q"), try file.tensor(named: "k"))
    let profile = try MassProfile(q: q, k: k, mass: mass, block: block, every: every)
    print("what holds \(percent(Double(mass))) of the mass, of \(k.shape[1]) keys:")
    report("file", try profile.measure(q, k, on: device))
    if random {
      var normals = NormalNumbers(seed: 1)
      report(
        "random",
        try profile.measure(
          HostTensor(normals.next(q.shape.elementCount), shape: q.shape),
          HostTensor(normals.next(k.shape.elementCount), shape: k.shape), on: device))
    }
  }

  private func report(_ name: String, _ shares: MassProfile.Shares) {
    for (what, heads) in [("keys", shares.keys), ("blocks of \(block) keys", shares.blocks)] {
      let mean = heads.reduce(0, +) / Double(heads.count)
      let (low, high) = (percent(heads.min() ?? 0), percent(heads.max() ?? 0))
      print("  \(name): \(percent(mean)) of the \(what); of its heads \(low) to \(high)")
    }
  }

  private func percent(_ share: Double) -> String { String(format: "%.2f %%", share * 100) }
}
