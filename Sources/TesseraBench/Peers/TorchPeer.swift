import Synchronization
package import Tessera
package import TesseraCore
import TesseraHAL

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// `torch.matmul` (cuBLAS), and its attention, on the same GPU, in a child process that runs a script of ours.
///
/// `TESSERA_PYTHON` names the interpreter; default `python3`.
package enum TorchPeer: GEMMPeer {
  package static let name = "torch"

  // Unchecked: everything is used under the mutex.
  private struct Child: @unchecked Sendable {
    var process: LineChild?
    var absence: String?
    var keys = 0
  }
  private static let child = Mutex(Child())
  /// Seconds for PyTorch to start, and to answer.
  private static let patience = 120.0

  package static func contender(
    _ problem: GEMMProblem, a: HostTensor, b: HostTensor, beside device: Device
  ) -> Result<(contender: Contender, result: () throws(TesseraError) -> HostTensor), PeerAbsence> {
    guard device.context.capabilities.computeCapability != nil || device.info.name.contains("NVIDIA")
    else { return .failure(PeerAbsence(reason: "compared on NVIDIA GPUs only")) }
    guard problem.a.dtype == problem.b.dtype, problem.d.dtype == problem.a.dtype,
      problem.batch.count <= 1
    else { return .failure(PeerAbsence(reason: "one element type, at most one batch axis")) }
    let call: TorchCall
    do throws(TesseraError) {
      guard let folder = temporaryFolder() else {
        return .failure(PeerAbsence(reason: "no temporary folder"))
      }
      defer { rmdir(folder) }
      let (pathA, pathB) = (folder + "/a", folder + "/b")
      defer {
        unlink(pathA)
        unlink(pathB)
      }
      try write(a, to: pathA)
      try write(b, to: pathB)
      let flags = "\(problem.transposeA ? 1 : 0) \(problem.transposeB ? 1 : 0)"
      call = try TorchCall(
        "gemm \(problem.m) \(problem.n) \(problem.k) \(problem.batchCount) \(flags) "
          + "\(problem.a.dtype) \(pathA) \(pathB)")
    } catch {
      return .failure(PeerAbsence(reason: error.message))
    }
    let contender = timed(name, call, beside: device)
    let result = { () throws(TesseraError) -> HostTensor in
      guard let folder = temporaryFolder() else { throw .unavailable("no temporary folder") }
      defer { rmdir(folder) }
      let path = folder + "/d"
      defer { unlink(path) }
      _ = try call.ask("run \(path)")
      return try read(path, problem)
    }
    return .success((contender, result))
  }

  /// Times what the child was made ready for.
  static func timed(_ name: String, _ call: TorchCall, beside device: Device) -> Contender {
    let many = { (count: Int) throws(TesseraError) -> Double in
      try device.synchronize()
      let answer = try call.ask("time \(count)")
      guard let seconds = Double(answer), seconds > 0 else {
        throw .driver(name, status: "answered \"\(answer)\"")
      }
      return seconds
    }
    var contender = Contender(name: name) { () throws(TesseraError) in try many(1) }
    contender.runMany = many
    contender.overhead = 5e-3
    return contender
  }

  /// A key that nothing else has.
  static func newKey() -> Int {
    child.withLock { child in
      child.keys += 1
      return child.keys
    }
  }

  /// Frees what a key stands for, if the child is still there.
  static func drop(_ key: Int) {
    child.withLock { child in
      guard let process = child.process else { return }
      do throws(TesseraError) {
        try process.send("\(key) drop")
        _ = try process.receive(seconds: patience)
      } catch {
        child.process = nil
      }
    }
  }

  /// Sends a request and returns what follows `ok`.
  static func ask(_ request: String) throws(TesseraError) -> String {
    try child.withLock { child throws(TesseraError) in
      if let absence = child.absence { throw .unavailable(absence) }
      if child.process == nil {
        do throws(TesseraError) {
          child.process = try start()
        } catch {
          child.absence = error.message
          throw error
        }
      }
      guard let process = child.process else { throw .unavailable("no child process") }
      do throws(TesseraError) {
        try process.send(request)
        let words = try process.receive(seconds: patience)
          .split(separator: " ", maxSplits: 1).map(String.init)
        if words.first == "ok" { return words.count > 1 ? words[1] : "" }
        throw .driver("torch", status: words.count > 1 ? words[1] : "no answer")
      } catch {
        if error.code != .driver { child.process = nil }
        throw error
      }
    }
  }

  private static func start() throws(TesseraError) -> LineChild {
    let python = Environment.value("TESSERA_PYTHON") ?? "python3"
    let process = try LineChild([python, "-c", TorchScript.text])
    let answer = try process.receive(seconds: patience)
    guard answer.hasPrefix("ready") else {
      throw .unavailable("PyTorch with CUDA is not installed: \(answer.drop { $0 != " " }.dropFirst())")
    }
    return process
  }

  private static func temporaryFolder() -> String? {
    var template = Array(((Environment.value("TMPDIR") ?? "/tmp") + "/tessera-XXXXXX").utf8CString)
    guard mkdtemp(&template) != nil else { return nil }
    return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  private static func write(_ tensor: HostTensor, to path: String) throws(TesseraError) {
    guard let file = fopen(path, "wb") else { throw .unavailable("\(path) cannot be written") }
    let count = tensor.withUnsafeBytes { fwrite($0.baseAddress, 1, $0.count, file) }
    guard fclose(file) == 0, count == tensor.byteCount else {
      throw .unavailable("\(path) cannot be written")
    }
  }

  private static func read(_ path: String, _ problem: GEMMProblem) throws(TesseraError) -> HostTensor {
    guard let file = fopen(path, "rb") else { throw .unavailable("\(path) is not there") }
    defer { fclose(file) }
    var count = 0
    let tensor = HostTensor(
      dtype: problem.d.dtype, shape: try Shape(problem.outputDimensions)
    ) { bytes in count = fread(bytes.baseAddress, 1, bytes.count, file) }
    guard count == tensor.byteCount else { throw .unavailable("\(path) is too short") }
    return tensor
  }
}
