import Tessera
import TesseraBench
import TesseraCore
import TesseraIO
import TesseraKernels
import TesseraRuntime
import TesseraVulkan

/// A reader of bytes that come from elsewhere.
enum FuzzTarget: String {
  case safetensors, npy, netpbm, cache, spirv, suite, tuning, command

  /// What it is given as a file's name in messages.
  private static let name = "input"

  /// Reads `bytes` and uses all of what was read. Errors are fine; anything else is a finding.
  func run(_ storage: HostStorage) {
    switch self {
    case .safetensors:
      guard let file = try? SafetensorsFile(storage: storage, path: Self.name) else { return }
      for name in file.names { touch(try? file.tensor(named: name)) }
    case .npy: touch(try? Npy.read(storage, path: Self.name))
    case .netpbm:
      guard let image = try? NetpbmImage(storage: storage, path: Self.name) else { return }
      touch(image.samples)
    case .cache:
      let payload = DiskCache.payload(of: Array(storage.bytes), key: Self.name)
      precondition((payload?.count ?? 0) <= storage.bytes.count)
    case .spirv:
      let words = stride(from: 0, to: storage.bytes.count & ~3, by: 4).map {
        storage.bytes.loadUnaligned(fromByteOffset: $0, as: UInt32.self)
      }
      _ = VulkanDriver.complaint(aboutModule: words)
    case .suite:
      guard let suite = try? BenchSuite(json: Array(storage.bytes), name: Self.name) else { return }
      for kind in ["gpu", "cpu"] { _ = try? suite.cases(kind: kind, dtypes: [.f32]) }
    case .tuning:
      guard let database = try? TuningStore.decode(Array(storage.bytes), name: Self.name) else {
        return
      }
      // What was read can be written and looked up.
      for entry in database.entries {
        _ = database.match(entry.key, on: entry.device, forms: entry.candidates.map(\.form))
      }
    case .command: CommandLineWords(storage.bytes).run()
    }
  }

  /// Reads every byte of a tensor: a view past the input's end is an access to a page that is not there.
  private func touch(_ tensor: HostTensor?) {
    let sum = tensor?.withUnsafeBytes { bytes in bytes.reduce(UInt8(0)) { $0 ^ $1 } }
    precondition(sum == nil || tensor != nil)
  }
}
