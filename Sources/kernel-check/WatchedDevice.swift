import Tessera
import TesseraCore
import TesseraHAL
import TesseraRuntime
import TesseraVulkan

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A device, the census of the kernels it ran, and what its watcher said about them.
struct WatchedDevice {
  let device: Device
  let census: KernelCensus
  var messages: [String] = []
  /// Where a simulator writes what it finds.
  private let log: String?
  private var logBytes = 0
  private var validationSeen = 0

  /// - Parameter dropping: a barrier to take out of an OpenCL kernel, counted from 1.
  init(
    _ id: String, asGPU: Bool, dropping: (kernel: String, barrier: Int)? = nil
  ) throws {
    let description = try Device.find(id)
    guard let driver = Backends.driver(description.identity.backend) else {
      throw TesseraError.unavailable("no back-end for \(id)")
    }
    let instrumented = Environment.value("TESSERA_VULKAN_VALIDATION") == "gpu"
    let base =
      instrumented && driver.kind == .vulkan
      ? try PlainDescriptors.open(description.identity.index)
      : try driver.open(description.identity.index)
    let recording = RecordingDevice(
      base, capabilities: asGPU ? Self.likeGPU(base.capabilities) : nil, waits: true
    ) { code, signature in
      guard let dropping, signature.name == dropping.kernel,
        case .openCL(let source, let defines, let options) = code
      else { return code }
      return .openCL(
        source: Self.without(dropping.barrier, source), defines: defines, options: options)
    }
    census = recording.census
    device = try Device(adopting: recording, cache: nil)
    log = Environment.value("OCLGRIND_LOG")
  }

  /// The same limits, with the traits by which plans tell a GPU from a driver for CPUs.
  private static func likeGPU(_ own: Capabilities) -> Capabilities {
    var result = own
    result.kind = .gpu
    result.vectorWidth = 1
    result.computeUnits = max(own.computeUnits, 16)
    return result
  }

  /// Takes the n-th use of BARRIER out of a kernel's text.
  private static func without(_ barrier: Int, _ source: String) -> String {
    let lines = source.split(separator: "\n", omittingEmptySubsequences: false)
    var (out, seen) = ("", 0)
    for line in lines {
      var rest = line
      while !line.hasPrefix("#define BARRIER"), let range = rest.firstRange(of: "BARRIER();") {
        seen += 1
        out += rest[..<range.lowerBound]
        if seen != barrier { out += "BARRIER();" }
        rest = rest[range.upperBound...]
      }
      out += rest + "\n"
    }
    return out
  }

  /// Ends all work and gives all memory back: reused memory counts as initialised.
  func settle() throws(TesseraError) {
    try device.synchronize()
    device.trim()
  }

  /// Takes over what the watcher has said since the last call.
  mutating func collect(_ place: String) {
    if let log {
      var info = stat()
      let bytes = stat(log, &info) == 0 ? Int(info.st_size) : 0
      if bytes > logBytes {
        messages.append("\(place): \(Self.text(log, from: logBytes))")
        logBytes = bytes
      }
    }
    if let found = Backends.vulkan.validationMessages, device.info.backend == .vulkan {
      for message in found[validationSeen...] { messages.append("\(place): \(message)") }
      validationSeen = found.count
    }
  }

  /// The first lines of a file from a position on, in one line.
  private static func text(_ path: String, from position: Int) -> String {
    guard let file = fopen(path, "r") else { return "a message in \(path)" }
    defer { fclose(file) }
    fseek(file, position, SEEK_SET)
    var bytes = [UInt8](repeating: 0, count: 1200)
    let count = fread(&bytes, 1, bytes.count, file)
    return String(decoding: bytes[..<count], as: UTF8.self)
      .split(whereSeparator: \.isNewline).map { $0.drop { $0 == " " || $0 == "\t" } }
      .filter { !$0.isEmpty }.prefix(8).joined(separator: " | ")
  }
}
